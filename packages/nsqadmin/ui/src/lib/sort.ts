const collator = new Intl.Collator('en', { numeric: true })

/** Text by its words and numbers (`nsqd-2` before `nsqd-10`), numbers by size. */
export function compareValues(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return collator.compare(String(a), String(b))
}

/** A sorted copy. Equals keep their order, also when descending. */
export function sortRows<Row>(
  rows: readonly Row[],
  valueOf: (row: Row) => string | number,
  isDescending: boolean,
): Row[] {
  const sign = isDescending ? -1 : 1
  return rows
    .map((row) => ({ row, value: valueOf(row) }))
    .toSorted((a, b) => sign * compareValues(a.value, b.value))
    .map(({ row }) => row)
}
