# Writes files as C strings with a comma after each into OUT, in the order of their names: the migrations for store/sqlite/migrations.c, the API's
# document for api/views.c. Run as: cmake -D "IN=pattern" -D OUT=name.h -P embed.cmake
file(GLOB files ${IN})
list(SORT files)
set(text "/* Made by embed.cmake. */\n")
foreach(file ${files})
  file(READ ${file} sql)
  string(REPLACE "\\" "\\\\" sql "${sql}")
  string(REPLACE "\"" "\\\"" sql "${sql}")
  string(REPLACE "\n" "\\n\"\n\"" sql "${sql}")
  string(APPEND text "\"${sql}\",\n")
endforeach()
file(WRITE ${OUT} "${text}")
