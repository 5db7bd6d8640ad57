import { createClient } from 'doorcode/client'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'

const client = createClient({
  url: import.meta.env.VITE_DOORCODE_URL ?? 'http://127.0.0.1:3000',
  language: navigator.language,
})

createRoot(document.getElementById('root')!).render(<App client={client} />)
