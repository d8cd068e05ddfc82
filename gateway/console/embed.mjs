// Writes every file of a folder as C arrays, plain and gzip, for api/console.c: node embed.mjs FOLDER OUT.c
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

const types = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml", ".json": "application/json", ".webmanifest": "application/manifest+json", ".png": "image/png",
};
const [folder, out] = process.argv.slice(2);
const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length))
  .sort();
const bytes = (data) => [...data].join(",");
const parts = ['/* Made by embed.mjs. */\n#include "api/console.h"\n'];
const rows = paths.map((path, i) => {
  const data = readFileSync(join(folder, path));
  const type = types[extname(path)];
  if (!type) throw new Error(`${path}: no content type is known for it`);
  const packed = gzipSync(data, { level: 9 });
  const gzip = packed.length < data.length * 0.9 ? packed : Buffer.alloc(0);
  const etag = createHash("sha256").update(data).digest("hex").slice(0, 32);
  const hashed = path.startsWith("/assets/");
  parts.push(`static const unsigned char data_${i}[] = {${bytes(data) || 0}};\nstatic const unsigned char gzip_${i}[] = {${bytes(gzip) || 0}};\n`);
  return `    {.path = ${JSON.stringify(path)}, .type = "${type}", .etag = "${etag}", .hashed = ${hashed}, .data = data_${i}, .len = ${data.length}, .gzip = gzip_${i}, .gzip_len = ${gzip.length}},\n`;
});
parts.push(`const struct console_file console_files[] = {\n${rows.join("")}};\nconst size_t console_file_count = ${rows.length};\n`);
writeFileSync(out, parts.join(""));
