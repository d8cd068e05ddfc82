"""A small county: the registry folder the tests run with. Home i has resident r-i with wristband wb-i and camera cam-i."""
import csv
import os

CODE = "990001"
ALL_CONSENT = "location;health;camera;visitor;voice;family;police"


class County:
    def __init__(self, folder, homes=4, no_consent=(), no_camera=(), tags=None, calls_to_trusted="v-daughter"):
        self.folder = str(folder)
        self.homes = homes
        os.makedirs(self.folder, exist_ok=True)
        grid = CODE + "001001001"
        self._write("territories", "code name kind parent", [
            (CODE, "测试县", "county", ""), (CODE + "001", "测试镇", "town", CODE),
            (CODE + "001001", "测试村", "village", CODE + "001"), (grid, "测试一组", "grid", CODE + "001001")])
        numbers = range(1, homes + 1)
        self._write("households", "id grid address lat lon",
                    [(f"h-{i:04d}", grid, f"测试一组{i}号", *("%.6f" % x for x in self.home(i))) for i in numbers])
        self._write("residents", "id household name birth_year categories consent status language hearing vision cognition tags",
                    [(f"r-{i:04d}", f"h-{i:04d}", f"老人{i}", 1945, "空巢", "" if i in no_consent else ALL_CONSENT, "active",
                      "zh" if i % 2 else "en", "", "", "", (tags or {}).get(i, "")) for i in numbers])
        self._write("devices", "id kind resident household report_interval_s view",
                    [(f"wb-{i:04d}", "wristband", f"r-{i:04d}", "", 600, "") for i in numbers] +
                    [(f"cam-{i:04d}", "camera", "", f"h-{i:04d}", 300, "living_room") for i in numbers if i not in no_camera])
        self._write("contacts", "id resident name relation phone",
                    [(f"c-{i:04d}", f"r-{i:04d}", f"家属{i}", "daughter", f"1380000{i:04d}") for i in numbers])
        self._write("responders", "id name role territory phone", [
            ("g-0001", "网格员", "grid_worker", grid, "13900000001"), ("t-0001", "镇值班", "town_desk", CODE + "001", "13900000002"),
            ("d-0001", "县值班", "county_desk", CODE, "13900000003"), ("p-0001", "警务台", "police_desk", CODE, "13900000004")])
        self._write("visitors", "household visitor_id name windows",
                    [(f"h-{i:04d}", calls_to_trusted, "女儿", "") for i in numbers])
        with open(os.path.join(self.folder, "zones.geojson"), "w", encoding="utf-8") as file:
            features = []
            for i in numbers:
                lat, lon = self.home(i)
                features.append('{"type":"Feature","properties":{"id":"z-%04d","name":"常去的地方","kind":"safe","owner":"resident:r-%04d",'
                                '"radius_m":300},"geometry":{"type":"Point","coordinates":[%.6f,%.6f]}}' % (i, i, lon, lat))
            file.write('{"type":"FeatureCollection","features":[' + ",\n".join(features) + "]}\n")

    @staticmethod
    def home(i):
        """Latitude and longitude of home i: rows of a hundred, some 2 km apart."""
        return 34.0 + 0.02 * (i % 100), 108.0 + 0.02 * (i // 100)

    def _write(self, name, columns, rows):
        with open(os.path.join(self.folder, name + ".csv"), "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns.split())
            writer.writerows(rows)
