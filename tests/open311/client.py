#!/usr/bin/env python3
"""Tests Open311 with public client libraries: docs/open311.md says how to run it.

Arguments: the address of the HTTP listener, a division, an API key that may report there.
"""

import itertools
import sys

# three 0.8.0 was written for Python 2; its code stays as it is.
itertools.ifilter = filter

from georeport import GeoReport  # noqa: E402
from three import Three  # noqa: E402


def check(what, holds):
    print(("ok    " if holds else "FAILED ") + what)
    if not holds:
        sys.exit(1)


def main(node, division, key):
    endpoint = f"{node}/open311/v2/"
    for form in ("json", "xml"):
        town = GeoReport(endpoint, jurisdiction=division, output_format=form)
        services = town.get_service_list()
        codes = [service["service_code"] for service in services]
        check(f"georeport {form}: {len(codes)} services", "enforcement-lighting" in codes)
        one = town.get_service_definition("enforcement-lighting")
        check(f"georeport {form}: definition", one["service_code"] == "enforcement-lighting")

    town = Three(endpoint, jurisdiction=division, api_key=key, format="json")
    check("three: discovery", town.discovery()["endpoints"][0]["url"].endswith("/open311/v2"))
    check("three: services", len(town.services()) == len(codes))
    check("three: definition", town.services("enforcement-lighting")["attributes"] == [])
    filed = town.post(
        "enforcement-lighting",
        lat="29.0285",
        long="119.1722",
        address="村口",
        name="小明 王",
        phone="13857012345",
        description="路灯不亮",
    )
    number = filed[0]["service_request_id"]
    check(f"three: filed {number}", bool(number))
    seen = town.request(number, api_key=key)[0]
    check("three: followed with its key", seen["status"] == "open" and seen["address"] == "村口")
    token = filed[0]["reporter_token"]
    seen = town.request(number, reporter_token=token)[0]
    check("three: followed with the reporter's token", seen["description"] == "路灯不亮")
    listed = town.requests("enforcement-lighting", api_key=key, status="open")
    check("three: listed", number in [one["service_request_id"] for one in listed])
    check("three: token", town.token(number, api_key=key)[0]["service_request_id"] == number)
    hidden = town.request(number)
    check("three: nobody else sees it", hidden[0]["code"] == 404)
    refused = town.post("enforcement-lighting", lat="29", long="119", api_key="xyz")
    check("three: a wrong key is refused", refused[0]["code"] == 403)
    published = GeoReport(endpoint, jurisdiction=division).get_service_requests(status="open")
    check("georeport: others' lists hold nothing of it", number not in str(published))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: client.py http://HOST:PORT DIVISION API_KEY")
    main(*sys.argv[1:])
