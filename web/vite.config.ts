import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  // The page may live below a prefix of a reverse proxy.
  base: './',
  plugins: [react()],
  server: { proxy: { '/api': 'http://127.0.0.1:8020' } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'echarts', test: /node_modules.(echarts|zrender)/ },
            { name: 'react', test: /node_modules.(react|react-dom|scheduler)./ },
          ],
        },
      },
    },
  },
})
