// What a table shows, as kept in the address: `?q=text&sort=-depth&page=2`, so that a view can be sent to somebody.

export interface Sort {
  readonly column: string
  readonly descending: boolean
}

export function parseSort(text: string | null): Sort | undefined {
  if (text === null || text === '' || text === '-') return undefined
  return text.startsWith('-')
    ? { column: text.slice(1), descending: true }
    : { column: text, descending: false }
}

export function sortText({ column, descending }: Sort): string {
  return `${descending ? '-' : ''}${column}`
}

/** The sort after a click on a column's head. Numbers begin with the greatest: that is what one looks for. */
export function nextSort(current: Sort | undefined, column: string, isNumeric: boolean): Sort {
  if (current?.column === column) return { column, descending: !current.descending }
  return { column, descending: isNumeric }
}

/** A page number within what there is, counted from 1. */
export function parsePage(text: string | null, pages: number): number {
  const page = text !== null && /^\d{1,6}$/.test(text) ? Number(text) : 1
  return Math.max(1, Math.min(page, pages))
}

/** The search part of an address with some parameters changed; undefined takes one away. */
export function changedSearch(
  search: string,
  changes: Readonly<Record<string, string | undefined>>,
): string {
  const params = new URLSearchParams(search)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') params.delete(name)
    else params.set(name, value)
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}
