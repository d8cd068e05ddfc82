# The console: npm ci, type check, vite build, then one C file of all its assets with gzip variants for the daemon.
# Without node the gateway is built by -DHUYANG_CONSOLE=OFF: everything but the page.
option(HUYANG_CONSOLE "build the console into the gateway (needs node 18 and npm)" ON)
set(console_c ${CMAKE_CURRENT_BINARY_DIR}/embedded/console_assets.c)
if(NOT HUYANG_CONSOLE)
  file(WRITE ${console_c}.new "#include \"api/console.h\"\nconst struct console_file console_files[1] = {{.path = \"\"}};\nconst size_t console_file_count = 0;\n")
  file(COPY_FILE ${console_c}.new ${console_c} ONLY_IF_DIFFERENT)
else()
  find_program(NODE node)
  find_program(NPM npm)
  if(NOT NODE OR NOT NPM)
    message(FATAL_ERROR "The console needs node (18 or newer) and npm: run tools/lib/install.sh, or build without it: cmake -DHUYANG_CONSOLE=OFF")
  endif()
  set(console_dir ${CMAKE_CURRENT_SOURCE_DIR}/console)
  file(GLOB_RECURSE console_sources CONFIGURE_DEPENDS ${console_dir}/src/* ${console_dir}/public/*)
  set(console_stamp ${CMAKE_CURRENT_BINARY_DIR}/embedded/npm.stamp)
  add_custom_command(
    OUTPUT ${console_stamp}
    COMMAND ${CMAKE_COMMAND} -D NPM=${NPM} -D DIR=${console_dir} -D STAMP=${console_stamp} -P ${console_dir}/install.cmake
    DEPENDS ${console_dir}/package.json ${console_dir}/package-lock.json ${console_dir}/install.cmake
    COMMENT "Installing what the console is built with" VERBATIM)
  add_custom_command(
    OUTPUT ${console_c}
    COMMAND ${NODE} node_modules/typescript/bin/tsc --noEmit
    COMMAND ${NODE} node_modules/vite/bin/vite.js build --logLevel warn --outDir ${CMAKE_CURRENT_BINARY_DIR}/console-dist --emptyOutDir
    COMMAND ${NODE} embed.mjs ${CMAKE_CURRENT_BINARY_DIR}/console-dist ${console_c}
    WORKING_DIRECTORY ${console_dir}
    DEPENDS ${console_sources} ${console_stamp} ${console_dir}/index.html ${console_dir}/vite.config.ts ${console_dir}/tsconfig.json
            ${console_dir}/embed.mjs
    COMMENT "Building the console" VERBATIM)
endif()
target_sources(api PRIVATE ${console_c})
