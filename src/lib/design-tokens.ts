/** Colours of one scheme, by what they are for. Every pair that text is set in has a contrast of at least 4.5 to 1. */
export interface ColorTokens {
  /** Behind everything. */
  readonly bg: string
  /** Cards, panels and fields. */
  readonly card: string
  /** What lies a little lower: table heads, code, the hovered row. */
  readonly sunk: string
  readonly ink: string
  /** Text that can wait. */
  readonly soft: string
  readonly line: string
  /** Lines that must be seen: borders of fields. */
  readonly edge: string
  readonly accent: string
  /** Behind what is chosen. */
  readonly 'accent-bg': string
  readonly 'on-accent': string
  readonly good: string
  readonly 'good-bg': string
  readonly bad: string
  readonly 'bad-bg': string
  readonly 'warn-ink': string
  readonly 'warn-bg': string
  readonly 'warn-line': string
  readonly shadow: string
}

/** How everything looks that a person meets: the pages of the gateway and the console. Declared once, here. */
export const designTokens: {
  readonly light: ColorTokens
  readonly dark: ColorTokens
  readonly fonts: { readonly text: string; readonly code: string }
} = {
  light: {
    bg: '#f5f6f8',
    card: '#ffffff',
    sunk: '#f0f2f5',
    ink: '#15181e',
    soft: '#565e6b',
    line: '#e1e5ea',
    edge: '#c3cad3',
    accent: '#1a56f0',
    'accent-bg': '#e9efff',
    'on-accent': '#ffffff',
    good: '#0b6b3a',
    'good-bg': '#e3f4ea',
    bad: '#b3261e',
    'bad-bg': '#fdeceb',
    'warn-ink': '#5c4300',
    'warn-bg': '#fff6e0',
    'warn-line': '#e5b94e',
    shadow: 'rgba(10,20,40,.08)',
  },
  dark: {
    bg: '#0e1116',
    card: '#161a21',
    sunk: '#1d222b',
    ink: '#e9edf2',
    soft: '#a0a8b5',
    line: '#272d37',
    edge: '#414a58',
    accent: '#7aa2ff',
    'accent-bg': '#1a2746',
    'on-accent': '#0b1020',
    good: '#7ddba4',
    'good-bg': '#142b20',
    bad: '#ff9d95',
    'bad-bg': '#361a19',
    'warn-ink': '#f3dd9f',
    'warn-bg': '#2b2410',
    'warn-line': '#7d6420',
    shadow: 'rgba(0,0,0,.35)',
  },
  fonts: {
    text: 'system-ui,-apple-system,"Segoe UI",Roboto,sans-serif',
    code: 'ui-monospace,SFMono-Regular,Menlo,Consolas,monospace',
  },
}

/** The colours of a scheme as custom properties: `--bg`, `--card` and so on. */
export function listColorProperties(scheme: 'light' | 'dark'): { readonly [property: `--${string}`]: string } {
  return Object.fromEntries(Object.entries(designTokens[scheme]).map(([name, value]) => [`--${name}`, value]))
}
