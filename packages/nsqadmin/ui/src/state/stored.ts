// Choices that outlive a visit. Where storage is forbidden they last as long as the page.

export function stored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

export function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Nothing to be done; the choice still holds until the page is left.
  }
}
