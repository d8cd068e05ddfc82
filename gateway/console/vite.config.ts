import { defineConfig } from "vite";

// One page, no inline script or style (the daemon's Content-Security-Policy allows none), files named by their contents.
export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: { target: "es2021", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
});
