import type { IconName } from '../parts/icon.tsx'

/** One screen of the console as the navigation shows it. */
export interface NavigationEntry {
  readonly to: string
  readonly label: string
  readonly icon: IconName
  /** Pressed after `g`, it goes there. */
  readonly key: string
  /** What is found there, for the command palette. */
  readonly summary: string
}

/** The screens, in groups, in the order of the navigation. */
export const navigation: readonly (readonly NavigationEntry[])[] = [
  [
    {
      to: '/',
      label: 'Overview',
      icon: 'overview',
      key: 'o',
      summary: 'Rates, errors, latency, and what needs attention',
    },
    {
      to: '/traffic',
      label: 'Traffic',
      icon: 'traffic',
      key: 't',
      summary: 'Every exchange, live, with each decision',
    },
  ],
  [
    {
      to: '/virtual-servers',
      label: 'Virtual servers',
      icon: 'servers',
      key: 'v',
      summary: 'What clients reach; add one, connect one, try a tool',
    },
    {
      to: '/upstreams',
      label: 'Upstreams',
      icon: 'upstreams',
      key: 'u',
      summary: 'What is called, how it goes, who is connected',
    },
  ],
  [
    {
      to: '/clients',
      label: 'Clients & grants',
      icon: 'clients',
      key: 'c',
      summary: 'OAuth clients, and what people allowed them',
    },
    { to: '/people', label: 'People & teams', icon: 'people', key: 'p', summary: 'Who uses what' },
    { to: '/keys', label: 'Keys', icon: 'keys', key: 'k', summary: 'API keys of consumers' },
  ],
  [
    {
      to: '/audit',
      label: 'Audit',
      icon: 'audit',
      key: 'a',
      summary: 'The tamper-evident trail, and its verification',
    },
    {
      to: '/configuration',
      label: 'Configuration',
      icon: 'configuration',
      key: 'f',
      summary: 'Files, problems, history, rollback',
    },
  ],
]

export const navigationEntries: readonly NavigationEntry[] = navigation.flat()
