/** Where the server put the page: empty, or `/admin`. */
export const basePath: string = (
  document.querySelector<HTMLMetaElement>('meta[name="base-path"]')?.content ?? ''
).replace(/\/$/, '')
