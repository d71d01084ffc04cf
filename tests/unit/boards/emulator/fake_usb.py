"""What rp2040py offers a USB host: a clock with alarms, and a controller that notes what it is told."""


class Alarm:
    def __init__(self, clock, callback):
        self.clock, self.callback, self.due = clock, callback, None

    def schedule(self, nanos):
        self.due = self.clock.nanos + nanos

    def cancel(self):
        self.due = None


class Clock:
    def __init__(self):
        self.nanos = 0.0
        self.alarms = []

    def create_alarm(self, callback):
        self.alarms.append(Alarm(self, callback))
        return self.alarms[-1]

    def pass_time(self, nanos):
        """Lets time go by, with every alarm that falls into it."""
        end = self.nanos + nanos
        while True:
            due = [alarm for alarm in self.alarms if alarm.due is not None and alarm.due <= end]
            if not due:
                break
            alarm = min(due, key=lambda one: one.due)
            self.nanos, alarm.due = max(self.nanos, alarm.due), None
            alarm.callback()
        self.nanos = end


class Controller:
    def __init__(self):
        self._ep_stall_arm = 0
        self.pulled_up = True
        self.setups = []
        self.given = []
        self.updates = []

    def send_setup_packet(self, packet):
        self.setups.append(packet)
        self._ep_stall_arm = 0

    def read_uint32(self, offset):
        assert offset == 0x4C
        return self.pulled_up << 16

    def endpoint_read_done(self, endpoint, data):
        self.given.append((endpoint, bytes(data)))

    def dpram_updated(self, offset, value):
        self.updates.append(offset)
