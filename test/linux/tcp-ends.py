# What a stock Linux sees of connections that end badly: one line for each, its name and the errno that a program gets. Ports are
# our services in tcp.linux.ts.
import errno, socket, struct, sys, time

V4, V6 = '10.0.0.1', 'fd00::1'
TCP_REPAIR = 19


def connect(port, ip=V4, **options):
    s = socket.socket(socket.AF_INET6 if ':' in ip else socket.AF_INET)
    for name, value in options.items():
        level = socket.SOL_SOCKET if name.startswith('SO_') else socket.IPPROTO_TCP
        s.setsockopt(level, getattr(socket, name), value)
    s.settimeout(30)
    s.connect((ip, port))
    return s


def says(name, what):
    try:
        result = what()
        result = 'nothing' if result is None else result
    except OSError as e:
        result = errno.errorcode.get(e.errno, repr(e))
    print(name, result, flush=True)


def closed(ip):
    connect(99, ip)


def reset():
    s = connect(9)
    try:
        s.recv(1)
        return 'data'
    finally:
        # Whoever writes after a reset that he was told of gets EPIPE.
        says('write-after-reset', lambda: s.send(b'x') and None)


def forgotten():
    s = connect(12)
    s.send(b'x')
    return s.recv(1)


def keep_alive(port):
    s = connect(port, SO_KEEPALIVE=1, TCP_KEEPIDLE=1, TCP_KEEPINTVL=1, TCP_KEEPCNT=2)
    return s.recv(1)


def unread():
    s = connect(14)
    s.send(b'never read')
    return s.recv(1)


def half_close():
    s = connect(15)
    s.send(b'question')
    s.shutdown(socket.SHUT_WR)
    return s.recv(100).decode() + ('' if s.recv(1) == b'' else ' and more')


def lingers():
    s = connect(16)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.close()


def closes_unread():
    s = connect(17)
    time.sleep(0.5)  # text has come that nobody reads
    s.close()


def vanishes():
    s = connect(18)
    time.sleep(0.3)
    s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)  # closed without a word, as if the machine had crashed
    s.close()
    connect(19).close()  # now it is spoken to


def same_ports():
    # The server ends first and waits; the same two ports open again at once (RFC 6191).
    for _ in range(3):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(('10.0.0.2', 40000))
        s.settimeout(10)
        s.connect((V4, 20))
        while s.recv(1) != b'':
            pass
        s.close()
        time.sleep(0.1)


def urgent():
    s = connect(21)
    s.send(b'first')
    s.send(b'!', socket.MSG_OOB)
    return s.recv(100).decode()


says('closed-v4', lambda: closed(V4))
says('closed-v6', lambda: closed(V6))
says('reset', reset)
says('forgotten', forgotten)
says('keep-alive-forgotten', lambda: keep_alive(12))
says('unread', unread)
says('half-close', half_close)
says('lingers', lingers)
says('closes-unread', closes_unread)
says('vanishes', vanishes)
says('same-ports', same_ports)
says('urgent', urgent)
says('asks-back', lambda: connect(22).recv(1) and None)
# Last, for nothing comes through any more.
says('keep-alive-cut', lambda: keep_alive(13))
