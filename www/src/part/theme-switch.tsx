// The button that goes from the system's colours to light, to dark, and back.

import { choose, theme, type Theme } from "../theme";
import { Icon } from "./icon";

const next: { [theme in Theme]: Theme } = { system: "light", light: "dark", dark: "system" };
const named: { [theme in Theme]: string } = { system: "as the system has it", light: "light", dark: "dark" };

export function ThemeSwitch() {
  const now = theme.value;
  const label = `Colours: ${named[now]}. Change to ${named[next[now]]}`;
  return (
    <button type="button" class="button bare icon" aria-label={label} title={label} onClick={() => choose(next[now])}>
      <Icon name={now} />
    </button>
  );
}
