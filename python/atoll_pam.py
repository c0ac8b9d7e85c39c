"""Asks PAM whether a password is right, and the system for somebody's groups.

Reads one line of JSON from standard input, {"service", "user", "password", "account"}, and writes one:
{"ok": true, "groups": [...]}, or {"ok": false}. Without a password only the groups are looked up. The password is never on a
command line, in the environment, or in what is printed. Needs nothing but Python's standard library and libpam.
"""

import ctypes
import grp
import json
import os
import pwd
import sys

PAM_SUCCESS = 0
PAM_CONV_ERR = 19
PAM_PROMPT_ECHO_OFF = 1
PAM_ERROR_MSG = 3
PAM_TEXT_INFO = 4
PAM_SILENT = 0x8000
PAM_DISALLOW_NULL_AUTHTOK = 0x1


class Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class Response(ctypes.Structure):
    # A pointer, not c_char_p: PAM frees it.
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


CONVERSE = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(Message)),
    ctypes.POINTER(ctypes.POINTER(Response)),
    ctypes.c_void_p,
)


class Conversation(ctypes.Structure):
    _fields_ = [("converse", CONVERSE), ("data", ctypes.c_void_p)]


def load():
    """libpam and libc, with the types that matter on 64 bits."""
    pam = ctypes.CDLL("libpam.so.0")
    libc = ctypes.CDLL(None)
    libc.calloc.restype = ctypes.c_void_p
    libc.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
    libc.strdup.restype = ctypes.c_void_p
    libc.strdup.argtypes = [ctypes.c_char_p]
    pam.pam_start.argtypes = [
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.POINTER(Conversation),
        ctypes.POINTER(ctypes.c_void_p),
    ]
    for name in ("pam_authenticate", "pam_acct_mgmt", "pam_end"):
        getattr(pam, name).argtypes = [ctypes.c_void_p, ctypes.c_int]
    return pam, libc


def is_right(service, user, password, account):
    """Whether PAM takes the password and, with `account`, has nothing against the account."""
    pam, libc = load()

    @CONVERSE
    def answer(count, messages, responses, _data):
        """Gives the password to whatever asks for something unseen; other questions get no answer, and fail."""
        array = libc.calloc(count, ctypes.sizeof(Response))
        if not array:
            return PAM_CONV_ERR
        responses[0] = ctypes.cast(array, ctypes.POINTER(Response))
        for index in range(count):
            style = messages[index].contents.style
            if style == PAM_PROMPT_ECHO_OFF:
                responses[0][index].text = libc.strdup(password)
            elif style not in (PAM_ERROR_MSG, PAM_TEXT_INFO):
                return PAM_CONV_ERR
        return PAM_SUCCESS

    handle = ctypes.c_void_p()
    conversation = Conversation(answer, None)
    if pam.pam_start(service, user, ctypes.byref(conversation), ctypes.byref(handle)) != PAM_SUCCESS:
        return False
    flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK
    result = pam.pam_authenticate(handle, flags)
    if result == PAM_SUCCESS and account:
        result = pam.pam_acct_mgmt(handle, flags)
    pam.pam_end(handle, result)
    return result == PAM_SUCCESS


def groups_of(user):
    """Names of the groups of an account; None when there is no such account."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return None
    names = []
    for number in os.getgrouplist(user, entry.pw_gid):
        try:
            names.append(grp.getgrgid(number).gr_name)
        except KeyError:
            continue
    return sorted(set(names))


def main():
    """Answers the one question."""
    question = json.loads(sys.stdin.readline())
    user = question["user"]
    password = question.get("password")
    groups = groups_of(user)
    if password is not None:
        if "\0" in user or "\0" in password:
            groups = None
        # Also for an account that does not exist: PAM takes the same time for it.
        elif not is_right(question["service"].encode(), user.encode(), password.encode(), question["account"]):
            groups = None
    print(json.dumps({"ok": groups is not None, "groups": groups or []}))


if __name__ == "__main__":
    main()
