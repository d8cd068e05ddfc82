# npm ci, unless node_modules is of this lockfile already: several build folders share it, and none may take it away from another.
# Run as: cmake -D NPM=npm -D DIR=console -D STAMP=file -P install.cmake
file(SHA256 ${DIR}/package-lock.json wanted)
set(held "")
if(EXISTS ${DIR}/node_modules/.lock-sha256)
  file(READ ${DIR}/node_modules/.lock-sha256 held)
endif()
if(NOT held STREQUAL wanted)
  execute_process(COMMAND ${NPM} ci --no-audit --no-fund --loglevel=error --ignore-scripts WORKING_DIRECTORY ${DIR} COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE ${DIR}/node_modules/.lock-sha256 ${wanted})
endif()
file(TOUCH ${STAMP})
