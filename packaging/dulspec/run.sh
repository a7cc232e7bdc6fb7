#!/bin/sh
# One run of dulspec in a pipeline: judges a product, writes all reports into a folder, compares with an earlier
# result, and tells GitHub what came of it if it is there to be told. The exit code is dulspec's, or 1 if the
# product became worse. Everything comes from the environment:
#
#   DULSPEC_ROLE      scp (the product listens) or scu (it calls)
#   DULSPEC_HOST, DULSPEC_PORT   where an scp listens
#   DULSPEC_START     the command that starts an scp; none: it runs already
#   DULSPEC_EXEC, DULSPEC_EXEC_ECHO   commands of an scu, with {host} {port} {file}
#   DULSPEC_NAME      its name in reports
#   DULSPEC_ARGS      more options and case ids, separated by blanks
#   DULSPEC_BASELINE  an earlier result.json; none, or no such file: nothing is compared
#   DULSPEC_OUT       the folder of the reports
set -u
out=${DULSPEC_OUT:-dulspec-report}
mkdir -p "$out" || exit 2

case ${DULSPEC_ROLE:-scp} in
scp)
    set -- scp "${DULSPEC_HOST:-127.0.0.1}" "${DULSPEC_PORT:?says where the product listens}"
    [ -z "${DULSPEC_START:-}" ] || set -- "$@" --start-cmd "$DULSPEC_START"
    ;;
scu)
    set -- scu --exec "${DULSPEC_EXEC:?says how the product is started}"
    [ -z "${DULSPEC_EXEC_ECHO:-}" ] || set -- "$@" --exec-echo "$DULSPEC_EXEC_ECHO"
    ;;
*)
    echo "DULSPEC_ROLE is scp or scu, not $DULSPEC_ROLE" >&2
    exit 2
    ;;
esac
[ -z "${DULSPEC_NAME:-}" ] || set -- "$@" --name "$DULSPEC_NAME"
# The options are split at blanks on purpose, and no * in a case's id may become a file's name.
set -f
# shellcheck disable=SC2086
set -- "$@" ${DULSPEC_ARGS:-} --json "$out/result.json" --html "$out/report.html" --junit "$out/junit.xml" \
    --badge "$out/badge.svg" --badge-json "$out/badge.json"
set +f

dulspec "$@"
code=$?
[ -s "$out/result.json" ] || exit "$code"

dulspec report "$out/result.json" >"$out/summary.txt"
if [ -n "${DULSPEC_BASELINE:-}" ] && [ -s "$DULSPEC_BASELINE" ]; then
    dulspec compare "$DULSPEC_BASELINE" "$out/result.json" --html "$out/changes.html" >"$out/changes.txt" || worse=1
    cat "$out/changes.txt"
fi

if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    {
        printf '## dulspec\n\n```\n'
        cat "$out/summary.txt"
        [ ! -s "$out/changes.txt" ] || { echo; cat "$out/changes.txt"; }
        printf '```\n'
    } >>"$GITHUB_STEP_SUMMARY"
fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then
    {
        printf 'report=%s\n' "$out/report.html"
        printf 'result=%s\n' "$out/result.json"
        printf 'score=%s\n' "$(sed -n 's/.*"message": "\([^"]*\)".*/\1/p' "$out/badge.json")"
    } >>"$GITHUB_OUTPUT"
fi
[ "$code" -ne 0 ] || code=${worse:-0}
exit "$code"
