// The frame: who is signed in, where one can go, and the view of where one is.

import { useEffect, useRef } from "preact/hooks";
import { signOut, signed } from "./account";
import { Confirm } from "./part/dialog";
import { Icon, type IconName } from "./part/icon";
import { fetchAhead, lazy } from "./part/lazy";
import { ThemeSwitch } from "./part/theme-switch";
import { Toast } from "./part/toast";
import { answer, leaving } from "./part/unsaved";
import { route, to } from "./route";
import { SignIn } from "./view/signin";
import { Overview } from "./view/overview";

const Sessions = lazy(async () => (await import("./view/sessions")).Sessions);
const Session = lazy(async () => (await import("./view/session")).SessionTrace);
const Records = lazy(async () => (await import("./view/records")).Records);
const Devices = lazy(async () => (await import("./view/devices")).Devices);
const Phones = lazy(async () => (await import("./view/phones")).Phones);
const Read = lazy(async () => (await import("./view/read")).Read);

const places: [string, string, IconName][] = [
  ["", "Overview", "overview"],
  ["sessions", "Sessions", "sessions"],
  ["records", "Records", "records"],
  ["devices", "Devices", "devices"],
  ["phones", "Phones", "phones"],
  ["read", "Read", "read"],
];

export function Shell() {
  const known = signed.value !== null;
  useEffect(() => {
    if (!known) return;
    const timer = setTimeout(() => void fetchAhead(), 500);
    return () => clearTimeout(timer);
  }, [known]);
  if (!signed.value) return <><SignIn /><Toast /></>;
  const here = route.value.path[0] ?? "";
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById("main")?.focus())}>To the content</a>
      <Side here={here} login={signed.value.login || signed.value.account} />
      <Main here={here} />
      <Leaving />
      <Toast />
    </div>
  );
}

function Leaving() {
  if (!leaving.value) return null;
  return (
    <Confirm title="Leave without saving?" yes="Leave" onYes={() => answer(true)} close={() => answer(false)}>
      <p>What you have typed in is not saved yet, and would be gone.</p>
    </Confirm>
  );
}

function Side({ here, login }: { here: string; login: string }) {
  return (
    <header class="side">
      <a class="brand" href={to([])}>
        <img src="/favicon.svg" alt="" />
        Anchorage
      </a>
      <nav aria-label="Views">
        <ul>
          {places.map(([path, name, icon]) => (
            <li key={path}>
              <a href={to(path ? [path] : [])} aria-current={here === path ? "page" : undefined}>
                <Icon name={icon} />
                {name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="who">
        <p class="small soft" title={`Signed in as ${login}`}>{login}</p>
        <div>
          <ThemeSwitch />
          <button type="button" class="button bare icon" aria-label="Sign out" title="Sign out" onClick={() => void signOut()}>
            <Icon name="out" />
          </button>
        </div>
      </div>
    </header>
  );
}

/** The view; keyboard and screen reader begin at its top when it changes. */
function Main({ here }: { here: string }) {
  const element = useRef<HTMLElement>(null);
  const first = useRef(true);
  const fresh = here === "records" ? (route.value.query.get("new") ?? "") : "";
  const place = [...route.value.path.slice(0, 3), fresh].join("/");
  useEffect(() => {
    document.title = `${places.find(([path]) => path === here)?.[1] ?? "Not found"} · Anchorage`;
    if (first.current) first.current = false;
    else {
      element.current?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
  }, [here, place]);
  return <main class="main" id="main" tabIndex={-1} ref={element}>{viewOf(route.value.path)}</main>;
}

function viewOf([here, first, second]: string[]) {
  switch (here) {
    case undefined:
      return <Overview />;
    case "sessions":
      return first ? <Session key={first} id={first} /> : <Sessions />;
    case "records":
      return <Records collection={first} record={second} />;
    case "devices":
      return <Devices device={first} />;
    case "phones":
      return <Phones />;
    case "read":
      return <Read />;
    default:
      return (
        <div class="head">
          <h1>There is nothing here</h1>
          <a class="button" href={to([])}>To the overview</a>
        </div>
      );
  }
}
