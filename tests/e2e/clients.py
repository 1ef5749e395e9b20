# SPDX-License-Identifier: ISC
# clients.py - sign in and out of the login sample as a Python program does, with http.cookiejar.
# Arguments: the address of the program; the password comes by standard input. Prints what it saw.

import http.cookiejar
import re
import sys
import urllib.parse
import urllib.request

TIMEOUT = 20  # seconds


class Client:
    """Somebody with a cookie jar, at one page at a time."""

    def __init__(self, base):
        self.base = base
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.jar))

    def load(self, path="", form=None):
        data = form and urllib.parse.urlencode(form).encode()
        with self.opener.open(self.base + path, data, TIMEOUT) as answer:
            self.page = answer.read().decode()

    def send(self, path="", **fields):
        """Fill in the form of the page that was loaded last."""
        token = re.search(r'name="token" value="([\w-]+)"', self.page)[1]
        self.load(path, {"token": token, **fields})

    def report(self, moment):
        name = re.search(r"<strong>(.*?)</strong>", self.page)
        cookie = any(c.name == "sid" for c in self.jar)
        print(f"{moment}: {name[1] if name else 'nobody'},", "cookie" if cookie else "no cookie")


me = Client(sys.argv[1])
me.load()
me.report("before")
me.send(name="guest", password=sys.stdin.readline().rstrip("\n"))
me.report("signed in")
me.load()
me.report("loaded again")
me.send("/out")
me.report("signed out")
me.load()
me.report("loaded again")
