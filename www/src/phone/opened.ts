// The phones that are open: one each while the page is, whichever view is shown.

import { Phone } from "./phone";

const names = ["a", "b"];
const phones = new Map<string, Promise<Phone[]>>();

export function opened(login: string): Promise<Phone[]> {
  const known = phones.get(login);
  if (known) return known;
  const opening = Promise.all(names.map((name) => Phone.open(name, login)));
  phones.set(login, opening);
  opening.catch(() => phones.delete(login));
  return opening;
}
