import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { ApiFailure } from './api/client.ts'
import { App } from './app.tsx'
import './design/tokens.css'
import './design/base.css'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The server said what is wrong; only what never reached it is worth another try.
      retry: (failures, error) =>
        failures < 2 && !(error instanceof ApiFailure && error.status >= 400),
      refetchOnWindowFocus: false,
      staleTime: 1000,
    },
  },
})

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
)
