import path from 'node:path'

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// Put in afterwards: Vite would complain that it can't bundle what must run before the first paint.
const THEME_SCRIPT = '<script src="/__BASE_PATH__/static/theme.js"></script>'

export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  // Everything lies in one folder, as the reference has it: /static/<file> below the base path.
  base: command === 'build' ? './' : '/',
  plugins: [
    react(),
    {
      name: 'base-path',
      transformIndexHtml: {
        order: 'post',
        handler: (html) =>
          command === 'build'
            ? html
                .replaceAll(/(href|src)="\.\//g, '$1="/__BASE_PATH__/static/')
                .replace('</title>', `</title>\n    ${THEME_SCRIPT}`)
            : html.replaceAll('/__BASE_PATH__', ''),
      },
    },
  ],
  build: {
    outDir: path.resolve(import.meta.dirname, '../dist/static'),
    emptyOutDir: true,
    assetsDir: '',
    // No data: addresses, which a strict content security policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:4171' } },
}))
