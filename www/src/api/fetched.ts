// What a view shows of the server: fetched when it opens, again when asked, given up when it closes.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Refusal, saying } from "./refusal";

export interface Fetched<T> {
  value: T | undefined;
  /** In words; the last value stays beside it. */
  error: string;
  /** Whether it is not there at all: to ask again is no use. */
  missing: boolean;
  busy: boolean;
  again: () => Promise<void>;
  put: (value: T) => void;
}

/** `name` says what it depends on: another name is another fetch. */
export function useFetched<T>(name: string, fetch: (signal: AbortSignal) => Promise<T>): Fetched<T> {
  const [state, set] = useState<{ name: string; value?: T; error: string; missing?: boolean; busy: boolean }>({ name, error: "", busy: true });
  const running = useRef<AbortController>(undefined);
  const latest = useRef(fetch);
  latest.current = fetch;

  const again = useCallback(async () => {
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    set((before) => ({ ...(before.name === name ? before : { name }), error: "", missing: false, busy: true }));
    try {
      const value = await latest.current(control.signal);
      if (!control.signal.aborted) set({ name, value, error: "", busy: false });
    } catch (error) {
      if (!control.signal.aborted) set((before) => ({ ...before, error: saying(error), missing: error instanceof Refusal && error.status === 404, busy: false }));
    }
  }, [name]);

  useEffect(() => {
    void again();
    return () => running.current?.abort();
  }, [again]);

  const put = useCallback((value: T) => set({ name, value, error: "", busy: false }), [name]);
  const current = state.name === name;
  return { value: current ? state.value : undefined, error: current ? state.error : "", missing: current && (state.missing ?? false), busy: current ? state.busy : true, again, put };
}
