"""A real Chromium (Debian's, with its chromedriver) with one page of the console."""
import os
import shutil
import tempfile

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from .process import root_folder, wait_until

DESKTOP, PHONE = (1280, 800), (390, 844)
__all__ = ["Browser", "DESKTOP", "Keys", "PHONE", "hold"]


_idle = []  # Chromiums that wait for the next test: starting one costs more than most tests


class _Chromium:
    """One program with its driver; a test gets a fresh tab of it, without cookies, storage or scripts of the test before."""

    def __init__(self):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        self.folder = tempfile.mkdtemp(prefix="huyang-chromium-")
        for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking",
                         "--disable-component-update", "--autoplay-policy=user-gesture-required", "--hide-scrollbars", f"--user-data-dir={self.folder}"):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")  # Chromium refuses its sandbox to root
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_script_timeout(30)

    def fresh_tab(self):
        old = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        new = self.driver.current_window_handle
        for handle in old:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(new)
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        self.driver.get_log("browser")

    def end(self):
        try:
            self.driver.quit()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def end_idle():
    """At the end of the session (conftest.py)."""
    while _idle:
        _idle.pop().end()


class Browser:
    def __init__(self, gateway, size=DESKTOP, lang="en", dark=False):
        self.program = _idle.pop() if _idle else _Chromium()
        self.driver = self.program.driver
        self.program.fresh_tab()
        self.resize(size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        self.gateway, self.url = gateway, f"http://127.0.0.1:{gateway.port}/"
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": self.url, "storageTypes": "all"})
        self.driver.get(self.url)
        self.js("localStorage.setItem('lang', arguments[0]); location.reload()", lang)
        self.wait(".panel")

    def stop(self):
        """Leaves the page, which ends its connections; the program stays for the next test."""
        try:
            self.program.fresh_tab()
            _idle.append(self.program)
        except WebDriverException:
            self.program.end()

    def resize(self, size):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500})

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self):
        return self.js("return document.body.innerText")

    def all(self, selector, text=None):
        """Elements that are shown, and hold the text."""
        try:
            return [element for element in self.driver.find_elements(By.CSS_SELECTOR, selector)
                    if element.is_displayed() and (text is None or text in element.text)]
        except StaleElementReferenceException:
            return []

    def wait(self, selector, text=None, timeout_s=20):
        try:
            return wait_until(lambda: (self.all(selector, text) or [None])[0], timeout_s, f"{selector} with {text!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}; the page shows: {self.text()[-1500:]}") from None

    def wait_gone(self, selector, text=None, timeout_s=20):
        wait_until(lambda: not self.all(selector, text), timeout_s, f"no {selector} with {text!r}")

    def click(self, selector, text=None):
        def press():
            element = self.wait(selector, text)
            try:
                element.click()
                return True
            except (StaleElementReferenceException, WebDriverException) as error:
                if "intercepted" not in str(error) and not isinstance(error, StaleElementReferenceException):
                    raise
                if "intercepted" in str(error):  # below the bar at the foot of a phone: scroll on, as a thumb would
                    self.js("arguments[0].scrollIntoView({block: 'center'})", element)
                return False
        wait_until(press, 20, f"a click on {selector} with {text!r}")

    def type(self, selector, text):
        self.wait(selector).send_keys(text)

    def press(self, key):
        self.driver.switch_to.active_element.send_keys(key)

    def sign_in(self, account, password):
        self.type("input[name=account]", account)
        self.type("input[name=password]", password)
        self.click("button.primary")
        self.wait(".line.live")
        return self

    def shot(self, path):
        self.driver.save_screenshot(str(path))

    def faults(self):
        """What the browser's console complained about, refused network answers aside: those are part of the game."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE" and entry["source"] != "network"]

    def accessibility_faults(self):
        """axe-core over the page as it stands: WCAG 2.2 AA."""
        if not self.js("return window.axe !== undefined"):
            with open(os.path.join(root_folder(), "gateway", "console", "node_modules", "axe-core", "axe.min.js"), encoding="utf-8") as file:
                self.js(file.read())
        result = self.driver.execute_async_script("""
            const done = arguments[0];
            axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then((r) => done(r.violations.map(
                (v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ") + " " + (n.any[0] || n.all[0] || n.none[0] || {}).message).join(" | "))));""")
        return result


def hold(browser, selector, text, seen):
    """Holds a button until `seen` can be seen."""
    button = browser.wait(selector, text)
    browser.js("arguments[0].scrollIntoView({block: 'center'})", button)
    webdriver.ActionChains(browser.driver).click_and_hold(button).perform()
    wait_until(seen, 20, f"what holding {text!r} does")
    webdriver.ActionChains(browser.driver).release().perform()
