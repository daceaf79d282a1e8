import './app/base.css'
import '@mantine/core/styles.layer.css'
import '@mantine/notifications/styles.layer.css'
import '@mantine/spotlight/styles.layer.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/app.tsx'
import { readNonce } from './app/read-nonce.ts'

// What locks the scroll behind a dialogue writes a style element and takes the nonce from here.
Object.assign(globalThis, { __webpack_nonce__: readNonce() })

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
