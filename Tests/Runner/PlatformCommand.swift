import ArgumentParser
import Foundation
import Subprocess

/// Uses the devices of a virtual machine from both sides: what a guest says by a port, the host hears, and back.
struct PlatformCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "platform",
    abstract: "Uses consoles, ports, the keyboard, the clock, the watchdog and the speaker of guests from both sides.")
  @OptionGroup var options: Runner.Options
  @Option(help: "The initramfs of the guests.") var initramfs = "build/test/busybox.cpio.gz"
  @Option(help: "The initramfs of guests that need Debian's programs.") var debian = "build/test/debian.cpio"

  func run() async throws {
    let board = Scoreboard()
    var cases = PlatformCase.all
    if let filter = options.filter { cases.removeAll { !$0.name.contains(filter) } }
    try await forEachInParallel(cases, width: options.jobs) { test in
      await board.record(test.name, try await judge(test))
    }
    try await board.finish("platform", countsFile: options.counts)
    if await board.failed > 0 { throw ExitCode.failure }
  }

  private func judge(_ test: PlatformCase) async throws -> Scoreboard.Verdict {
    let folder = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var guest = Guest(
      image: .kernel(path: options.kernel, commandLine: "console=ttyS0 quiet loglevel=1" + test.options))
    guest.machine = test.machine
    guest.processors = 2
    guest.memory = test.needsDebian ? "512M" : "256M"
    guest.initramfs = test.needsDebian ? debian : initramfs
    guest.extraArguments = test.arguments(folder.path)
    guest.timeoutSeconds = 600
    guard let file = guest.initramfs, FileManager.default.fileExists(atPath: file) else {
      return .failed(reason: "\(guest.initramfs ?? "") is missing; Tools/make-test-initramfs.sh makes it", log: "")
    }
    let box = PlatformOutcome()
    let log = try await guest.converse { console, type in
      let shell = GuestShell(console: console, type: type)
      do {
        try await shell.begin()
        try await test.body(shell, folder.path)
        await box.pass()
      } catch let failure as ShellFailure {
        await box.fail(failure.reason)
      }
    }
    if let reason = await box.reason { return .failed(reason: reason, log: log) }
    // What QEMU writes when it ends.
    if let problem = test.afterwards(folder.path) { return .failed(reason: problem, log: log) }
    return .passed
  }
}

private actor PlatformOutcome {
  private(set) var reason: String? = "the guest ended or hung"
  func pass() { reason = nil }
  func fail(_ why: String) { reason = why }
}

/// A machine with a device, and what is done with it.
struct PlatformCase: Sendable {
  var name: String
  var machine = "q35"
  var needsDebian = false
  /// What the kernel is told besides, each word behind a space.
  var options = ""
  /// What QEMU is told, with a folder for sockets and files.
  var arguments: @Sendable (String) -> [String]
  var body: @Sendable (GuestShell, String) async throws -> Void
  /// What is wrong with what is in the folder when QEMU has ended; nil for nothing.
  var afterwards: @Sendable (String) -> String? = { _ in nil }

  static let all = [
    hypervisorConsole, serialCard, serialPort, sharedSerialPort, keyboard, port, pluggedPort, bell, silence, soundEvent,
    clock, watchdog, panic, waking,
  ]

  static func socket(_ identifier: String, _ folder: String) -> [String] {
    ["-chardev", "socket,id=\(identifier),path=\(folder)/\(identifier),server=on,wait=off"]
  }

  /// Says `text` at the host's end of a port, and waits for `wanted` there.
  @discardableResult
  static func exchange(_ path: String, _ text: String, wanting wanted: String) async throws -> String {
    let result = try await Subprocess.run(
      .name("python3"), arguments: ["Tools/exchange.py", path, "90", text, wanted],
      output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
    guard result.terminationStatus.isSuccess else {
      throw ShellFailure(
        reason: "the host wants \"\(wanted)\", and got \"\(result.standardOutput)\"\(result.standardError)")
    }
    return result.standardOutput
  }

  static func ask(_ folder: String, _ command: String, _ arguments: String...) async throws {
    let result = try await Subprocess.run(
      .name("python3"), arguments: Arguments(["Tools/qmp.py", "\(folder)/qmp", command] + arguments),
      output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
    guard result.terminationStatus.isSuccess else {
      throw ShellFailure(reason: "\(command): \(result.standardOutput)\(result.standardError)")
    }
  }

  // MARK: Consoles and ports

  private static let hypervisorConsole = PlatformCase(
    name: "a shell on /dev/hvc0",
    arguments: { folder in
      ["-device", "virtio-serial-pci"] + socket("console", folder) + ["-device", "virtconsole,chardev=console"]
    },
    body: { shell, folder in
      try await shell.expect("ls /dev/hvc0", says: "/dev/hvc0")
      // The port of a console is the terminal's alone.
      try await shell.expect("cat /dev/vport0p0 2>/dev/null || echo refused", says: "refused")
      _ = try await shell.run("setsid sh -c 'exec sh -i </dev/hvc0 >/dev/hvc0 2>&1' &")
      // What is echoed is not what is wanted.
      try await exchange("\(folder)/console", "echo $((6 * 7))-on-$(tty)", wanting: "42-on-/dev/hvc0")
      try await exchange("\(folder)/console", "stty size; echo and-\"\"again", wanting: "and-again")
    })

  private static let serialCard = PlatformCase(
    name: "a line on a card's /dev/ttyS1",
    arguments: { folder in socket("line", folder) + ["-device", "pci-serial,chardev=line"] },
    body: { shell, folder in
      _ = try await shell.run("stty -F /dev/ttyS1 raw -echo")
      _ = try await shell.run("({ head -n 1 </dev/ttyS1 >/tmp/line; echo from the guest >/dev/ttyS1; } &)")
      try await exchange("\(folder)/line", "from the host", wanting: "from the guest")
      try await shell.expect("cat /tmp/line", says: "from the host")
    })

  // Whoever waits in the background is not the shell's child: without echo it takes news of a child for the end of its input.
  // The port stays open meanwhile: what has come is nobody's any more when it is closed.
  private static let receiving =
    "{ until head -n 1 <&3 >/tmp/line && [ -s /tmp/line ]; do usleep 50000; done; echo from the guest >&3; } 3<>/dev/vport0p1"

  private static let port = PlatformCase(
    name: "a port with a name, from both sides",
    arguments: { folder in
      ["-device", "virtio-serial-pci"] + socket("port", folder)
        + ["-device", "virtserialport,chardev=port,name=org.apus.test"]
    },
    body: { shell, folder in
      try await shell.expect("cat /sys/class/virtio-ports/vport0p1/name", says: "org.apus.test")
      try await shell.expect("[ ! -e /dev/hvc0 ] && echo none", says: "none")
      // Nobody is at the host: reading ends.
      try await shell.expect("cat /dev/vport0p1 | wc -c", says: "0")
      try await shell.expect(
        "exec 3</dev/vport0p1; cat /dev/vport0p1 2>/dev/null || echo busy; exec 3<&-", says: "busy")
      _ = try await shell.run("({ \(receiving); } &)")
      try await exchange("\(folder)/port", "from the host", wanting: "from the guest")
      try await shell.expect("cat /tmp/line", says: "from the host")
      try await shell.expect("cat /dev/vport0p1 | wc -c", says: "0")
    })

  private static let pluggedPort = PlatformCase(
    name: "ports that come and go",
    arguments: { folder in
      ["-device", "virtio-serial-pci,id=serial"] + socket("port", folder)
        + ["-qmp", "unix:\(folder)/qmp,server=on,wait=off"]
    },
    body: { shell, folder in
      try await shell.expect("ls /dev | grep -c vport", says: "0")
      for round in 0..<4 {
        try await ask(
          folder, "device_add", "driver=virtserialport", "chardev=port", "id=plugged",
          "name=org.apus.\(round)", "bus=serial.0")
        let name = "/sys/class/virtio-ports/vport0p1/name"
        try await shell.expect(
          "until grep -q . \(name) 2>/dev/null; do usleep 20000; done; cat \(name)", says: "org.apus.\(round)")
        if round == 2 {
          _ = try await shell.run("({ \(receiving); } &)")
          try await exchange("\(folder)/port", "from the host", wanting: "from the guest")
        }
        // One that somebody has open goes all the same.
        _ = try await shell.run("exec 3</dev/vport0p1")
        try await ask(folder, "device_del", "id=plugged")
        try await shell.expect("while [ -e /dev/vport0p1 ]; do usleep 20000; done; exec 3<&-; echo gone", says: "gone")
      }
      try await shell.expect("ls /sys/class/virtio-ports | wc -l", says: "0")
    })

  // MARK: The speaker

  private static func sounding(_ folder: String) -> [String] { ["-audiodev", "wav,id=sound,path=\(folder)/sound.wav"] }

  /// How often the sound's sign changes.
  private static func crossings(_ folder: String) -> Int {
    guard let data = FileManager.default.contents(atPath: "\(folder)/sound.wav"), data.count > 44 else { return 0 }
    let bytes = [UInt8](data.dropFirst(44))
    var (count, last) = (0, 0)
    // One of the two channels, of 16 bits each.
    for index in stride(from: 0, to: bytes.count - 3, by: 4) {
      let sample = Int(Int16(truncatingIfNeeded: Int(bytes[index]) | Int(bytes[index + 1]) << 8))
      let sign = sample > 256 ? 1 : sample < -256 ? -1 : 0
      if sign != 0, last != 0, sign != last { count += 1 }
      if sign != 0 { last = sign }
    }
    return count
  }

  private static let bell = PlatformCase(
    name: "the bell", machine: "q35,pcspk-audiodev=sound", arguments: sounding,
    body: { shell, _ in _ = try await shell.run("printf '\\033[10;1000]\\033[11;1000]\\007' >/dev/tty1; sleep 3") },
    afterwards: { folder in
      let count = crossings(folder)
      // A second of 1,000 Hz has 2,000; the clocks of a guest and of the host need not agree.
      return (800...5_000).contains(count) ? nil : "the sound changes its sign \(count) times"
    })

  private static let silence = PlatformCase(
    name: "no sound without a bell", machine: "q35,pcspk-audiodev=sound", arguments: sounding,
    body: { shell, _ in _ = try await shell.run("printf 'nothing\\033]0;title\\007' >/dev/tty1; sleep 2") },
    afterwards: { folder in crossings(folder) < 8 ? nil : "something is heard" })

  private static let soundEvent = PlatformCase(
    name: "a tone written to the speaker's input device", machine: "q35,pcspk-audiodev=sound", arguments: sounding,
    body: { shell, _ in
      let find = "/tests/evdev list | sed -n 's,^\\(/dev/input/event[0-9]*\\): PC Speaker at isa0061/input0.*,\\1,p'"
      try await shell.expect("f=$(\(find)); [ -c \"$f\" ] && echo found", says: "found")
      let zeros = String(repeating: "\\000", count: 16)
      _ = try await shell.run("printf '\(zeros)\\022\\000\\002\\000\\350\\003\\000\\000' >$f; sleep 2")
      _ = try await shell.run("printf '\(zeros)\\022\\000\\002\\000\\000\\000\\000\\000' >$f; sleep 1")
    },
    afterwards: { folder in
      let count = crossings(folder)
      return (1_000...10_000).contains(count) ? nil : "the sound changes its sign \(count) times"
    })

  // MARK: Clock, watchdog, panic

  private static let clock = PlatformCase(
    name: "hwclock and the clock's device", needsDebian: true,
    arguments: { _ in ["-rtc", "base=2031-02-03T04:05:06"] },
    body: { shell, _ in
      try await shell.expect("hwclock -r --utc | cut -c 1-16", says: "2031-02-03 04:05")
      try await shell.expect(
        "date -u -s '2027-08-09 10:11:12' >/dev/null; hwclock -w --utc && echo written", says: "written")
      try await shell.expect("hwclock -r --utc | cut -c 1-16", says: "2027-08-09 10:11")
      try await shell.expect(
        "date -u -s '2001-01-01' >/dev/null; hwclock -s --utc; date -u +%Y-%m-%d", says: "2027-08-09")
      try await shell.expect("ls /sys/bus/pnp/drivers/rtc_cmos | grep -c ^00:", says: "1")
      try await shell.expect("cat /sys/bus/acpi/devices/PNP0B00:00/hid", says: "PNP0B00")
      try await shell.expect("grep -h PNP0b00 /sys/bus/pnp/devices/*/id", says: "PNP0b00")
    })

  private static let watchdog = PlatformCase(
    name: "wdctl, and a reset by the watchdog", needsDebian: true,
    arguments: { _ in ["-device", "i6300esb", "-action", "watchdog=reset"] },
    body: { shell, _ in
      let lines = try await shell.run("wdctl /dev/watchdog0")
      guard lines.contains(where: { $0.hasPrefix("Identity:") && $0.contains("i6300ESB timer") }) else {
        throw ShellFailure(reason: "wdctl: \(lines.joined(separator: " / "))")
      }
      _ = try await shell.run("wdctl -s 3 /dev/watchdog0 >/dev/null")
      try await shell.expect("cat /sys/class/watchdog/watchdog0/timeout", says: "3")
      // Closed in order, it does not count.
      try await shell.expect("printf V >/dev/watchdog0; sleep 10; echo alive", says: "alive")
      try await shell.type(Array("exec 3>/dev/watchdog0; echo once >&3; sleep 600\n".utf8))
      guard await shell.console.waitForEnd(seconds: 90) else { throw ShellFailure(reason: "there was no reset") }
      // QEMU ends at a reset; a kernel that fails says so first.
      guard await !shell.console.log.contains("panic") else { throw ShellFailure(reason: "the kernel failed") }
    })

  private static let panic = PlatformCase(
    name: "the panic device that firmware describes", arguments: { _ in ["-device", "pvpanic,ioport=0x530"] },
    body: { shell, _ in
      try await shell.expect(
        "basename $(readlink /sys/bus/platform/devices/QEMU0001:00/driver)", says: "pvpanic-mmio")
      try await shell.expect("cat /sys/bus/platform/devices/QEMU0001:00/capability", says: "3")
      try await shell.expect("cat /sys/bus/acpi/devices/QEMU0001:00/status", says: "15")
    })
}
