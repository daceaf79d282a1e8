import type { UpstreamLink } from '../../contracts/upstream-links.ts'
import { type Html, html } from './render-page.ts'

const states: { readonly [State in UpstreamLink['state']]: { readonly label: string; readonly kind: string } } = {
  connected: { label: 'Connected', kind: 'good' },
  connect_required: { label: 'Not connected', kind: '' },
  reconsent_required: { label: 'Connect again', kind: 'attention' },
  admin_connect_required: { label: 'Waits for an administrator', kind: 'attention' },
}

/** The badge that says how an upstream is connected. */
export function renderConnectionState(state: UpstreamLink['state']): Html {
  const { label, kind } = states[state]
  return html`<span class="state ${kind}">${label}</span>`
}
