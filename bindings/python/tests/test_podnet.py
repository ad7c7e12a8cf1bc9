import dataclasses
import errno
import gc
import json
import os
import pathlib
import signal
import tempfile
import threading
import typing
import unittest

import podnet

SAMPLES = pathlib.Path(__file__).parents[3] / "samples" / "pods"
POD = SAMPLES / "sr-iov"


class Answers(unittest.TestCase):
    def test_interfaces_are_typed(self):
        snapshot = podnet.snapshot(POD)
        self.assertEqual(snapshot.state, "complete")
        nic = snapshot.interfaces[1]
        self.assertIsInstance(nic, podnet.Interface)
        self.assertEqual(nic.kind, "sr-iov")
        self.assertIs(nic.own, True)
        self.assertIsInstance(nic.device.pci, podnet.PciDevice)
        self.assertEqual(snapshot.cpus.allowed.ids, (2, 3, 10, 11))

    def test_results_are_values(self):
        one, other = podnet.snapshot(POD), podnet.snapshot(os.fspath(POD))
        self.assertEqual(one, other)
        self.assertEqual(hash(one), hash(other))
        with self.assertRaises(dataclasses.FrozenInstanceError):
            one.state = "pending"

    def test_json_is_the_snapshot(self):
        text = podnet.get_json(POD)
        self.assertEqual(json.loads(text)["schema"], "podnet/v1")
        self.assertEqual(podnet.Snapshot.from_json(text), podnet.snapshot(POD))

    def test_malformed_sources_are_warnings(self):
        root = SAMPLES.parents[1] / "tests" / "roots" / "status-malformed-json" / "root"
        snapshot = podnet.snapshot(root)
        self.assertEqual(snapshot.interfaces, ())
        self.assertIn("malformed", [warning.code for warning in snapshot.warnings])

    def test_the_own_pod_has_cpus(self):
        self.assertEqual(set(podnet.snapshot().cpus.allowed.ids), os.sched_getaffinity(0))

    def test_threads(self):
        expected, found = podnet.snapshot(POD), []
        threads = [
            threading.Thread(target=lambda: found.append(podnet.snapshot(POD))) for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [expected] * 16)

    def test_nothing_is_kept(self):
        def pages():
            gc.collect()
            return int(pathlib.Path("/proc/self/statm").read_text().split()[1])

        def many():
            for _ in range(200):
                podnet.get_json(POD)
                with self.assertRaises(OSError):
                    podnet.get_json("/nonexistent")

        many()
        before = pages()
        many()
        self.assertLess(pages() - before, 100)  # A JSON of 4 KiB each would be 200 pages.


class Errors(unittest.TestCase):
    def test_errno_chooses_the_class(self):
        with self.assertRaises(FileNotFoundError) as caught:
            podnet.snapshot("/nonexistent")
        self.assertEqual(caught.exception.errno, errno.ENOENT)
        self.assertTrue(caught.exception.strerror.startswith("/nonexistent: "))
        with self.assertRaises(NotADirectoryError):
            podnet.snapshot("/proc/self/status")

    def test_null_bytes_are_refused(self):
        for arguments in ({"root": "/\0"}, {"container": "a\0b"}, {"downward_api_dir": "\0"}):
            with self.assertRaisesRegex(ValueError, "null byte"):
                podnet.snapshot(**arguments)

    def test_a_container_that_is_not_utf_8_is_refused(self):
        with self.assertRaises(OSError) as caught:
            podnet.snapshot(container="\udcff")
        self.assertEqual(caught.exception.errno, errno.EINVAL)


class Waits(unittest.TestCase):
    def test_each_error_has_a_class(self):
        with tempfile.TemporaryDirectory() as root:
            with self.assertRaises(podnet.NotMountedError) as caught:
                podnet.wait(root=root)
            self.assertIsInstance(caught.exception, FileNotFoundError)
            mounted = pathlib.Path(root, "etc", "podnetinfo")
            mounted.mkdir(parents=True)
            (mounted / "annotations").write_text("")
            with self.assertRaises(podnet.NoStatusError) as caught:
                podnet.wait(timeout=0, root=root)
            self.assertEqual(caught.exception.errno, errno.ENODATA)
            self.assertIsInstance(caught.exception, TimeoutError)
        with self.assertRaises(podnet.NetworksMissingError) as caught:
            podnet.wait(["net7"], timeout=0.01, root=POD)
        self.assertEqual(caught.exception.errno, errno.ETIMEDOUT)
        self.assertIn(" in time for net7: ", caught.exception.strerror)

    def test_what_is_there_is_not_waited_for(self):
        podnet.wait(root=POD)
        podnet.wait(["net1", "net2"], timeout=None, root=POD)

    def test_one_name_is_no_list_of_names(self):
        with self.assertRaises(TypeError):
            podnet.wait("net1", root=POD)
        with self.assertRaisesRegex(ValueError, "null byte"):
            podnet.wait(["a\0b"], root=POD)
        with self.assertRaisesRegex(OSError, "networks: has a NULL in it"):
            podnet.wait([None], root=POD)

    def test_signal_handlers_run_meanwhile(self):
        class Called(Exception):
            pass

        def handler(*_):
            raise Called

        before = signal.signal(signal.SIGALRM, handler)
        try:
            for call in (
                lambda: podnet.wait(["net7"], timeout=60, root=POD),
                lambda: next(podnet.watch(POD)),
            ):
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                with self.assertRaises(Called):
                    call()
        finally:
            signal.signal(signal.SIGALRM, before)


class Watches(unittest.TestCase):
    def descriptors(self):
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    def test_each_way_to_end_one_closes_it(self):
        podnet.watch(POD).close()
        before = self.descriptors()
        with podnet.watch(POD) as watch:
            self.assertGreater(self.descriptors(), before)
            self.assertGreaterEqual(watch.fileno(), 0)
            self.assertIs(iter(watch), watch)
            self.assertIsNone(watch.next_event())
        self.assertEqual(self.descriptors(), before)
        for use in (watch.fileno, watch.next_event, watch.__next__):
            with self.assertRaisesRegex(ValueError, "closed"):
                use()
        watch.close()
        forgotten = podnet.watch(POD)
        del forgotten
        self.assertEqual(self.descriptors(), before)

    def test_a_root_that_is_not_there(self):
        with self.assertRaises(FileNotFoundError):
            podnet.watch("/nonexistent")

    def test_events_outlive_their_watch(self):
        entry = json.dumps(json.dumps([{"name": "ran/a", "interface": "net1"}]))
        with tempfile.TemporaryDirectory() as root:
            mounted = pathlib.Path(root, "etc", "podnetinfo")
            mounted.mkdir(parents=True)
            with podnet.watch(root) as watch:
                self.assertIsNone(watch.next_event())
                (mounted / "next").write_text(f"k8s.v1.cni.cncf.io/network-status={entry}\n")
                (mounted / "next").rename(mounted / "annotations")
                event = watch.next_event(30)
        self.assertEqual((event.event, event.interface.name), ("added", "net1"))
        self.assertIsNone(event.before)


class Schema(unittest.TestCase):
    def test_newer_keys_are_left_out(self):
        value = json.loads(podnet.get_json(POD))
        value["news"] = value["interfaces"][0]["news"] = {"a": 1}
        snapshot = podnet.Snapshot.from_json(json.dumps(value))
        self.assertEqual(snapshot, podnet.snapshot(POD))

    def test_other_texts_are_value_errors(self):
        for text in ("", "[]", "1", "{}", '{"schema": "podnet/v2"}'):
            with self.assertRaises(ValueError, msg=text):
                podnet.Snapshot.from_json(text)
        wrong = '{"schema": "podnet/v1", "interfaces": [1]}'
        with self.assertRaises(ValueError):
            podnet.Snapshot.from_json(wrong)

    def test_events_are_read_from_lines(self):
        line = '{"event": "changed", "interface": %s, "before": %s, "news": 1}'
        nic = '{"name": "net1", "network": "ran/a", "kind": "host"}'
        event = podnet.Event.from_json(line % (nic, nic))
        self.assertEqual(event.before, event.interface)
        self.assertIsInstance(event.interface, podnet.Interface)
        for text in ("", "[]", "{}", line % (1, nic)):
            with self.assertRaises(ValueError, msg=text):
                podnet.Event.from_json(text)

    def test_cpu_sets(self):
        self.assertEqual(podnet.CpuSet("").ids, ())
        self.assertEqual(podnet.CpuSet("0-2,34,1023-1025").ids, (0, 1, 2, 34, 1023, 1024, 1025))

    def test_every_member_has_a_type(self):
        classes = [getattr(podnet, name) for name in podnet.__all__]
        for cls in filter(dataclasses.is_dataclass, classes):
            hints = typing.get_type_hints(cls)
            self.assertEqual(set(hints), {one.name for one in dataclasses.fields(cls)})
            self.assertTrue(cls.__doc__ and not cls.__doc__.startswith(cls.__name__ + "("))


if __name__ == "__main__":
    unittest.main()
