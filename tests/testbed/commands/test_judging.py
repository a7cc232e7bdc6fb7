"""What a run finds out before its first case."""

import pytest

from testbed import cli


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scu", "--exec", "no-such-product {host} {port}"],
         "--exec: the program no-such-product does not exist, or is not in the PATH"),
        (["scu", "--exec", "true", "--exec-echo", "/no/such/echo"],
         "--exec-echo: the program /no/such/echo does not exist"),
        (["scu", "--exec", "'broken"], "--exec: No closing quotation: 'broken"),
        (["scp", "127.0.0.1", "1", "--start-cmd", "/etc/passwd"],
         "--start-cmd: the program /etc/passwd is not executable"),
    ],
)  # fmt: skip
def test_a_command_that_cannot_be_started_is_the_users_fault(arguments, words, capsys):
    assert cli.main([*arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"dulspec: {words}")
    assert captured.err.count("\n") == 1
