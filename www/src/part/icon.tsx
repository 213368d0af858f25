// The icons: strokes on a grid of 24, coloured as the text around them. What they mean is always said in words beside them.

const shapes = {
  overview: "M4 13.5 12 5l8 8.5M6.5 11v8.5h11V11M10 19.5v-5h4v5",
  sessions: "M4 8h15m-4-4 4 4-4 4M20 16H5m4-4-4 4 4 4",
  records: "M5 5.5h14v13H5zM5 10h14M9.5 10v8.5",
  devices: "M8 3.5h8a1.5 1.5 0 0 1 1.5 1.5v14a1.5 1.5 0 0 1-1.5 1.5H8A1.5 1.5 0 0 1 6.5 19V5A1.5 1.5 0 0 1 8 3.5zM10.5 17.5h3",
  phones: "M4.5 5.5h5.5v13H4.5zM14 5.5h5.5v13H14zM11 10.5l2-1.5M13 13.5l-2 1.5",
  read: "M8.5 8 4.5 12l4 4M15.5 8l4 4-4 4M13.5 5.5l-3 13",
  contacts: "M12 12a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5zM4.75 20c.7-3.5 3.5-5.25 7.25-5.25S18.55 16.5 19.25 20",
  calendar: "M5 6h14v13.5H5zM5 10.25h14M8.75 3.75V7.5M15.25 3.75V7.5",
  todo: "M4.5 7l1.75 1.75L9.5 5.5M4.5 15.5l1.75 1.75L9.5 14M13 7.5h6.5M13 16h6.5",
  notes: "M6 4h12v16H6zM9 8.5h6M9 12h6M9 15.5h3.5",
  files: "M4 6.5h5.5l2 2.25H20v10H4z",
  table: "M4.5 5.5h15v13h-15zM4.5 10h15M4.5 14.25h15M10 5.5v13",
  search: "M11 17.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.75 15.75 20 20",
  plus: "M12 5v14M5 12h14",
  edit: "M5 19l1-4L15.75 5.25a1.4 1.4 0 0 1 2 0l1 1a1.4 1.4 0 0 1 0 2L9 18z",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l.75 12.5h8.5L17 7M10.5 10.5v5.5M13.5 10.5v5.5",
  download: "M12 4v11M7.5 10.75 12 15.25l4.5-4.5M5 19.5h14",
  upload: "M12 15.5v-11M7.5 8.75 12 4.25l4.5 4.5M5 19.5h14",
  good: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM8.25 12.25l2.5 2.5 5-5.25",
  warn: "M12 4.25 21 19.5H3zM12 10v4.25M12 16.9v.2",
  bad: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM9.25 9.25l5.5 5.5M14.75 9.25l-5.5 5.5",
  info: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 11.25v4.75M12 8v.2",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9",
  play: "M8 5.5v13l10.5-6.5z",
  sync: "M19.5 5v4.5H15M4.5 19v-4.5H9M18.75 9.5A7.25 7.25 0 0 0 5.5 8.25M5.25 14.5a7.25 7.25 0 0 0 13.25 1.25",
  slow: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 7v5.25l3.25 2",
  bell: "M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 1.5H5zM10.25 20.25h3.5",
  left: "M14.5 6l-6 6 6 6",
  right: "M9.5 6l6 6-6 6",
  light: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4",
  dark: "M19.5 14.25A8 8 0 0 1 9.75 4.5a8 8 0 1 0 9.75 9.75z",
  system: "M4 5.5h16v10.5H4zM9 19.5h6M12 16v3.5",
  out: "M13.5 4.5H5v15h8.5M10 12h10m-3.5-3.5L20 12l-3.5 3.5",
  mail: "M4 6h16v12H4zM4.5 6.75 12 12.75l7.5-6",
  call: "M6.5 4.5h3l1.5 4-2 1.5a10.5 10.5 0 0 0 5 5l1.5-2 4 1.5v3a1.5 1.5 0 0 1-1.5 1.5A13.5 13.5 0 0 1 5 6a1.5 1.5 0 0 1 1.5-1.5z",
  home: "M4.5 11.5 12 5l7.5 6.5M6.5 10v9h11v-9",
  company: "M5 20V5h8.5v15M13.5 10H19v10M3.5 20h17M8 8.5h2.5M8 12h2.5M8 15.5h2.5M16 13.5v0M16 16.5v0",
  cake: "M5 20v-7h14v7M3.5 20h17M5 16.25c1.75 1.5 3 1.5 4.7 0 1.6 1.5 3 1.5 4.6 0 1.7 1.5 3 1.5 4.7 0M12 13V9.5M12 6.75v-.5",
  place: "M12 20.5c4.5-4.5 6.5-7.75 6.5-10.5a6.5 6.5 0 0 0-13 0c0 2.75 2 6 6.5 10.5zM12 12.25a2.25 2.25 0 1 0 0-4.5 2.25 2.25 0 0 0 0 4.5z",
  web: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM3.5 12h17M12 3.5c2.25 2.4 3.4 5.2 3.4 8.5s-1.15 6.1-3.4 8.5c-2.25-2.4-3.4-5.2-3.4-8.5S9.75 5.9 12 3.5z",
  tag: "M4 4.5h7.5L20 13l-7 7-9-8.5zM8 8.5v0",
  repeat: "M17 3.5 20 6.5l-3 3M4.5 12V9.5a3 3 0 0 1 3-3H20M7 20.5l-3-3 3-3M19.5 12v2.5a3 3 0 0 1-3 3H4",
  online: "M4 9.75a11.5 11.5 0 0 1 16 0M7 13a7.25 7.25 0 0 1 10 0M10 16.25a3 3 0 0 1 4 0M12 19v.2",
  offline: "M4 9.75A11.5 11.5 0 0 1 8 7.25M12.5 6.5A11.4 11.4 0 0 1 20 9.75M7 13a7.25 7.25 0 0 1 4-2M10 16.25a3 3 0 0 1 4 0M12 19v.2M4.5 4.5l15 15",
  merge: "M5 5.5c5 0 5.5 6.5 10 6.5H19M5 18.5c5 0 5.5-6.5 10-6.5M16 9l3 3-3 3",
  anchor: "M12 8a2.25 2.25 0 1 0 0-4.5A2.25 2.25 0 0 0 12 8zM12 8v12.5M8.5 11.5h7M4.5 14c0 3.9 3.2 6.5 7.5 6.5s7.5-2.6 7.5-6.5",
  key: "M8 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM11.5 12H20v3.5M16.5 12v2.5",
  more: "M6 12v.01M12 12v.01M18 12v.01",
  wait: "M12 3.5a8.5 8.5 0 1 0 8.5 8.5",
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name, size = 20, turning = false }: { name: IconName; size?: number; turning?: boolean }) {
  return (
    <svg class={turning ? "spin" : undefined} width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor"
      stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}

/** The icon of a kind of collection. */
export function iconOf(kind: string): IconName {
  return kind in shapes ? (kind as IconName) : "table";
}
