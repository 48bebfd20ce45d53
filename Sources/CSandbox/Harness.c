// Carries the harness (Harness/*.py, one program in eight files) into the binary, so that nothing is read from disk at
// run time and the jail runs what was built.
#include "CSandbox.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const char harness[] = {
#embed "Harness/kernel.py"
    , '\n',
#embed "Harness/program.py"
    , '\n',
#embed "Harness/values.py"
    , '\n',
#embed "Harness/candidate.py"
    , '\n',
#embed "Harness/handles.py"
    , '\n',
#embed "Harness/assertions.py"
    , '\n',
#embed "Harness/compiled.py"
    , '\n',
#embed "Harness/serve.py"
    , 0,
};

const char *csandbox_harness(void) { return harness; }
