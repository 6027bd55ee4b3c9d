// Runs before the first paint, so that a chosen theme does not flash. src/state/theme.ts does the rest.
try {
  const theme = localStorage.getItem('tsq.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage may be forbidden; then the system's theme it is.
}
