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
