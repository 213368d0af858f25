// The console's front door.

import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/shell.css";
import "./style/views.css";
import { Shell } from "./shell";

const root = document.getElementById("app");
if (root) render(<Shell />, root);

// Where it cannot be had (a private window, plain http), the page needs the server to open.
if (import.meta.env.PROD) navigator.serviceWorker?.register("/offline.js").catch(() => undefined);
