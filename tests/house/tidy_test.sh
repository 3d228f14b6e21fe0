#!/bin/bash
# scripts/tidy must find each kind of breach, at its place, and nothing in a tree that keeps the rules.
set -euo pipefail
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp -r scripts layers.txt "$tree"
cd "$tree"

# A tree of one tidy module; what looks like a breach in a comment or a string is none.
mkdir -p src/lang src/table tests
echo "Words." | tee src/lang/README.md > src/table/README.md
printf '#pragma once\n' > src/lang/word.h
printf '#include "lang/word.h"\n#include "table/row.h"\nconst char *word = "free(x)"; /* time(0) */\n' > src/lang/word.c
printf '#include "testing/test.h"\n' > src/lang/word_test.c
printf '#pragma once\n' > src/table/row.h
scripts/tidy

# expect PLACE WHAT: the tree as it stands now has this breach; then its files are put back.
expect() {
    local report
    report=$(scripts/tidy) && { echo "tidy passed, want: $1: $2"; exit 1; }
    grep -qF "$1: $2" <<< "$report" || { echo "want: $1: $2"; echo "got: $report"; exit 1; }
    rm -rf src
    cp -r kept src
}
cp -r src kept

repeat() { for ((i = 0; i < $1; i++)); do printf '%s' "$2"; done; }

printf '#include "lang/word.h"\n' >> src/table/row.h
expect src/table/row.h:2 "table/ may not include lang/"
printf '#include "testing/test.h"\n' >> src/lang/word.c
expect src/lang/word.c:4 "lang/ may not include testing/"
printf '#include "lang/verb.h"\n' >> src/lang/word.h
printf '#include "lang/word.h"\n' > src/lang/verb.h
expect src/lang/word.h:1 "includes itself through others"
repeat 101 x > src/lang/word_test.c
expect src/lang/word_test.c:1 "line is 101 columns wide, 100 is the limit"
repeat 801 $'\n' > src/lang/word_test.c
expect src/lang/word_test.c:801 "file has 801 lines, 800 is the limit"
repeat 151 $'\n' > src/lang/word.h
expect src/lang/word.h:151 "file has 151 lines, 150 is the limit"
{ echo 'int f(void) {'; repeat 69 $'\n'; echo '}'; } > src/lang/word_test.c
expect src/lang/word_test.c:1 "function has 71 lines, 70 is the limit"
printf 'int f(int a, int b, int c,\n      int d, int e, int g) {\n}\n' > src/lang/word_test.c
expect src/lang/word_test.c:1 "function has 6 parameters, 5 is the limit"
printf 'void f(void) {\n    free(p);\n}\n' >> src/lang/word.c
expect src/lang/word.c:5 "free() is banned"
touch src/lang/verb.c
expect src/lang/verb.c:1 "has no test beside it"
touch src/table/word.h
expect src/table/word.h:1 "another file has the same name"
rm src/lang/README.md
expect src/lang:1 "has no README.md"
repeat 41 $'\n' > src/lang/README.md
expect src/lang/README.md:41 "README is longer than 40 lines"

# A member, a longer name and an explained line may stand.
cat >> src/lang/word.c << 'END'
void f(void) {
    table->free(p);
    mw_free(p);
    free(p); /* tidy: the library gave memory of malloc */
}

int g(int a, int b, int c,
      int d, int e, int f) { /* tidy: the type of a library's callback */
    return 0;
}
END
scripts/tidy
