// One place asks before something is done. What was pressed may be gone by the time the result is there.

import { createContext, useContext, useState, type ReactNode } from 'react'

import { ActionDialog, type Action } from '../components/action-dialog.tsx'

type Ask = (action: Action) => void

const Context = createContext<Ask | undefined>(undefined)

/** Shows an action to whoever is to confirm it. */
export function useAsk(): Ask {
  const ask = useContext(Context)
  if (ask === undefined) throw new Error('useAsk is used outside AskProvider')
  return ask
}

export function AskProvider({ children }: { readonly children: ReactNode }) {
  const [asked, setAsked] = useState<Action>()
  return (
    <Context value={setAsked}>
      {children}
      {asked === undefined ? undefined : (
        <ActionDialog action={asked} onClose={() => setAsked(undefined)} />
      )}
    </Context>
  )
}
