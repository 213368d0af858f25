// A dialogue over the page: the browser's own, so that focus stays inside and Escape closes it.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icon";

export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={element} aria-label={title} onCancel={(event) => (event.preventDefault(), close())}>
      <header>
        <h2>{title}</h2>
        <button type="button" class="button bare icon" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}

/** A question before something that cannot be undone. */
export function Confirm({ title, yes, children, onYes, close, busy = false }: {
  title: string;
  yes: string;
  children: ComponentChildren;
  onYes: () => void;
  close: () => void;
  busy?: boolean;
}) {
  return (
    <Dialog title={title} close={close}>
      <div class="stack">{children}</div>
      <footer>
        <button type="button" class="button quiet" onClick={close}>Cancel</button>
        <button type="button" class="button bad" disabled={busy} onClick={onYes}>{yes}</button>
      </footer>
    </Dialog>
  );
}
