// Pins the registry that keeps a list of what refers to an image, which the distribution project's does not yet.
module sparki.tools/deploy/tools/referrers

go 1.24.0

require github.com/google/go-containerregistry v0.20.7
