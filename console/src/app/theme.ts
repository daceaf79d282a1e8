import {
  ActionIcon,
  Badge,
  Button,
  type CSSVariablesResolver,
  createTheme,
  Drawer,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  Modal,
  MultiSelect,
  Notification,
  NumberInput,
  PasswordInput,
  SegmentedControl,
  Select,
  Switch,
  Tabs,
  TagsInput,
  Textarea,
  TextInput,
  Tooltip,
  type VariantColorsResolverInput,
} from '@mantine/core'
import { designTokens, listColorProperties } from '../../../src/lib/design-tokens.ts'

const port: MantineColorsTuple = [
  '#e9efff',
  '#d3ddff',
  '#a8bcff',
  '#7aa2ff',
  '#5380ff',
  '#356bff',
  '#1a56f0',
  '#1750e0',
  '#1045c7',
  '#0a3aab',
]

/** From the text to the background of the dark scheme, as Mantine numbers it. */
const dark: MantineColorsTuple = [
  '#e9edf2',
  '#c8ced7',
  '#a0a8b5',
  '#6d7684',
  '#414a58',
  '#272d37',
  '#1d222b',
  '#161a21',
  '#0e1116',
  '#0a0c10',
]

const small = { defaultProps: { size: 'sm' } } as const

/** Mantine in the clothes of the design tokens: dense, with the fonts of the system. */
export const theme = createTheme({
  primaryColor: 'port',
  primaryShade: { light: 6, dark: 3 },
  variantColorResolver: resolveColors,
  colors: { port, dark },
  black: designTokens.light.ink,
  fontFamily: designTokens.fonts.text,
  fontFamilyMonospace: designTokens.fonts.code,
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  spacing: { xs: '0.375rem', sm: '0.625rem', md: '0.875rem', lg: '1.25rem', xl: '1.75rem' },
  defaultRadius: 'md',
  radius: { xs: '3px', sm: '5px', md: '7px', lg: '10px', xl: '14px' },
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.25rem' }, h2: { fontSize: '1rem' } } },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray' } }),
    Badge: Badge.extend({ defaultProps: { variant: 'light', radius: 'sm', size: 'sm', tt: 'none', fw: 500 } }),
    Button: Button.extend({ defaultProps: { size: 'xs', fz: 'sm', fw: 500 } }),
    Drawer: Drawer.extend({ defaultProps: { position: 'right', overlayProps: { backgroundOpacity: 0.25 } } }),
    Modal: Modal.extend({ defaultProps: { centered: true, radius: 'lg' } }),
    MultiSelect: MultiSelect.extend(small),
    Notification: Notification.extend({
      defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } },
      styles: { description: { color: 'var(--soft)' } },
    }),
    NumberInput: NumberInput.extend(small),
    PasswordInput: PasswordInput.extend(small),
    SegmentedControl: SegmentedControl.extend({
      defaultProps: { size: 'xs' },
      styles: { label: { fontWeight: 500 } },
    }),
    Select: Select.extend({ defaultProps: { size: 'sm', allowDeselect: false, checkIconPosition: 'right' } }),
    Switch: Switch.extend(small),
    Tabs: Tabs.extend({ defaultProps: { keepMounted: false } }),
    TagsInput: TagsInput.extend(small),
    Textarea: Textarea.extend(small),
    TextInput: TextInput.extend(small),
    Tooltip: Tooltip.extend({ defaultProps: { withArrow: true, openDelay: 300 } }),
  },
})

/** Filled controls take background and text of the tokens, which are a pair in both schemes. */
function resolveColors(input: VariantColorsResolverInput) {
  const colors = defaultVariantColorsResolver(input)
  if (input.variant !== 'filled') return colors
  const background = input.color === 'red' ? 'var(--bad)' : 'var(--accent)'
  const hover = `color-mix(in srgb, ${background} 88%, var(--ink))`
  return { ...colors, background, hover, color: 'var(--on-accent)' }
}

/** Puts the design tokens beside Mantine's own custom properties, and behind those that are about the same thing. */
export const resolveVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { ...listColorProperties('light'), ...bridge },
  dark: { ...listColorProperties('dark'), ...bridge },
})

const bridge = {
  '--mantine-color-body': 'var(--card)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--soft)',
  '--mantine-color-anchor': 'var(--accent)',
  '--mantine-color-default-border': 'var(--line)',
  '--mantine-color-default-hover': 'var(--sunk)',
  '--mantine-color-error': 'var(--bad)',
  '--mantine-color-placeholder': 'var(--soft)',
  '--input-bd': 'var(--edge)',
}
