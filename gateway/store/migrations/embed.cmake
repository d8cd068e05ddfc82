# Writes every NNNN.sql of this folder as one C string into OUT, in the order of their numbers: store/sqlite/migrations.c includes it.
# Run as: cmake -D IN=this/folder -D OUT=migrations_sql.h -P embed.cmake
file(GLOB files ${IN}/[0-9][0-9][0-9][0-9].sql)
list(SORT files)
set(text "/* Made from the .sql files by embed.cmake. */\n")
foreach(file ${files})
  file(READ ${file} sql)
  string(REPLACE "\\" "\\\\" sql "${sql}")
  string(REPLACE "\"" "\\\"" sql "${sql}")
  string(REPLACE "\n" "\\n\"\n\"" sql "${sql}")
  string(APPEND text "\"${sql}\",\n")
endforeach()
file(WRITE ${OUT} "${text}")
