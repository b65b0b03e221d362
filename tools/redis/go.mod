// Pins the server that stands in where neither Redis itself nor a package of it can be had.
module sparki.tools/deploy/tools/redis

go 1.24.0

require github.com/alicebob/miniredis/v2 v2.40.0

require github.com/yuin/gopher-lua v1.1.1 // indirect
