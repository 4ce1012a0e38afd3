"""What went over the wire is shown as it was, every byte of it."""

from llminv.history import CallStarted, ConnectFailed, History, RequestReceived, ResponseSent
from llminv.reports.wire import wire


def test_whole():
    history = History(
        (
            CallStarted(0.0, 0, "stream"),
            ConnectFailed(0.5, 0, "deepseek", 0, "connection_refused", "api.deepseek.com"),
            RequestReceived(
                1.0,
                0,
                "openai",
                1,
                "POST",
                "https://api.openai.com/v1/chat/completions",
                headers=(("authorization", "Bearer <key:openai>"),),
                body='{"a":\n"\x1b[1m"}',
            ),
            ResponseSent(1.25, 0, "openai", 1, "HTTP/1.1 200 OK\r\n\r\ndata: é\\xff\r\rdata", 200),
            ResponseSent(1.5, 0, "openai", 1, "\n\n", end="reset"),
            RequestReceived(2.0, -1, "openai", -1, "GET", "https://api.openai.com/v1/models"),
            ResponseSent(2.0, -1, "openai", -1, "", 404, end="whole"),
        )
    )
    assert wire(history) == [
        "0.500 s  handler > deepseek, call 0, attempt 1: no connection to api.deepseek.com, connection_refused",
        "",
        "1.000 s  handler > openai, call 0, attempt 2",
        "> POST https://api.openai.com/v1/chat/completions",
        "> authorization: Bearer <key:openai>",
        ">",
        r'> {"a":\n',
        r'> "\x1b[1m"}',
        "",
        "1.250 s  openai > handler, call 0, attempt 2",
        r"< HTTP/1.1 200 OK\r\n",
        r"< \r\n",
        r"< data: é\xff\r\rdata",
        "",
        "1.500 s  openai > handler, call 0, attempt 2",
        r"< \n",
        r"< \n",
        "  the connection is reset",
        "",
        "2.000 s  handler > openai",
        "> GET https://api.openai.com/v1/models",
        "",
        "2.000 s  openai > handler",
    ]
    assert wire(History()) == []
