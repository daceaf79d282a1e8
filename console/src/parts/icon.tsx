/** Strokes of every icon, on a grid of 24. */
const shapes = {
  overview: ['M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z'],
  traffic: ['M3 12h4l3-8 4 16 3-8h4'],
  servers: ['M4 5h16v6H4zM4 13h16v6H4z', 'M8 8h.01M8 16h.01'],
  upstreams: ['M9 15 15 9', 'M11 6l1-1a5 5 0 0 1 7 7l-1 1', 'M13 18l-1 1a5 5 0 0 1-7-7l1-1'],
  clients: ['M4 5h16v11H4z', 'M9 20h6M12 16v4'],
  people: [
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z',
    'M2.5 20a6.5 6.5 0 0 1 13 0',
    'M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.5a6.5 6.5 0 0 1 3.5 5.5',
  ],
  keys: ['M8 20a4 4 0 1 0 0-8 4 4 0 0 0 0 8z', 'M11 13l9-9M16 8l3 3M14 10l2 2'],
  audit: ['M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z', 'M9 12l2 2 4-4'],
  configuration: [
    'M4 7h10M18 7h2M4 17h2M10 17h10',
    'M16 9.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4zM8 19.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z',
  ],
  search: ['M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14z', 'M20 20l-4-4'],
  copy: ['M9 9h11v11H9z', 'M5 15H4V4h11v1'],
  check: ['M5 12.5l4.5 4.5L19 7.5'],
  close: ['M6 6l12 12M18 6L6 18'],
  menu: ['M4 7h16M4 12h16M4 17h16'],
  sun: [
    'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z',
    'M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19',
  ],
  moon: ['M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z'],
  system: ['M3 5h18v12H3z', 'M8 21h8M12 17v4'],
  plus: ['M12 5v14M5 12h14'],
  trash: ['M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3'],
  warning: ['M12 4L2.5 20h19z', 'M12 10v4M12 17h.01'],
  error: ['M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z', 'M12 8v5M12 16h.01'],
  play: ['M7 4.5v15l12-7.5z'],
  pause: ['M8 5v14M16 5v14'],
  refresh: ['M20 11a8 8 0 1 0-2 6', 'M20 5v6h-6'],
  external: ['M14 4h6v6M20 4l-9 9', 'M18 14v6H4V6h6'],
  right: ['M9 5l7 7-7 7'],
  left: ['M15 5l-7 7 7 7'],
  down: ['M5 9l7 7 7-7'],
  file: ['M6 3h8l4 4v14H6z', 'M14 3v4h4'],
  history: ['M4 12a8 8 0 1 1 2.5 5.8', 'M4 20v-5h5', 'M12 8v4l3 2'],
  tool: ['M14.5 6.5a4 4 0 0 0-5 5L4 17v3h3l5.5-5.5a4 4 0 0 0 5-5L15 12l-3-3z'],
  leave: ['M10 4H4v16h6', 'M15 8l4 4-4 4M19 12H9'],
  help: ['M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z', 'M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.700.3-1 .700-1 1.7M12 16.5h.01'],
  link: ['M9 15 15 9', 'M11 6l1-1a5 5 0 0 1 7 7l-1 1', 'M13 18l-1 1a5 5 0 0 1-7-7l1-1'],
} as const

export type IconName = keyof typeof shapes

/** An icon beside words that say the same; screen readers pass it over. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {shapes[name].map((shape) => (
        <path key={shape} d={shape} />
      ))}
    </svg>
  )
}
