import ArgumentParser
import Foundation
import Subprocess

/// Plugs devices in and pulls them out, and makes drivers fail, in guests; judges what is left.
struct DriversCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drivers", abstract: "Plugs devices in and out and makes drivers fail, in guests.")
  @OptionGroup var options: Runner.Options
  @Option(help: "The initramfs of the guests.") var initramfs = "build/initramfs.cpio.gz"
  @Option(help: "How often a device is plugged in and pulled out.") var cycles = 8
  @Option(help: "How often a driver has each fault.") var faults = 8
  @Option(help: "How much memory may be gone at the end, in KiB, for caches.") var slack = 512

  func run() async throws {
    let board = Scoreboard()
    var cases = HotPlugCase.all.map { plug in Case(name: plug.name) { try await judge(plug) } }
    cases.append(Case(name: "faults of drivers") { try await judgeFaults() })
    cases.append(Case(name: "an input device over faults of its driver") { try await judgeInputFaults() })
    for (form, device) in [("split", "virtio-rng-pci"), ("packed", "virtio-rng-pci,packed=on")] {
      cases.append(Case(name: "corrupt rings, \(form)") { try await judgeCorruption(device) })
    }
    cases += RemappingCase.all.map { remapping in Case(name: remapping.name) { try await judge(remapping) } }
    if let filter = options.filter { cases.removeAll { !$0.name.contains(filter) } }
    try await forEachInParallel(cases, width: options.jobs) { test in
      await board.record(test.name, try await Self.judge(test))
    }
    try await board.finish("drivers", countsFile: options.counts)
    if await board.failed > 0 { throw ExitCode.failure }
  }

  /// A machine and what is found of it.
  private struct Case: Sendable {
    var name: String
    var judge: @Sendable () async throws -> Scoreboard.Verdict
  }

  /// Judges a machine, once more where QEMU itself died.
  ///
  /// QEMU 7.2 was seen to fail an assertion of its own as devices come and go: that an access is inside a device's table of messages. It
  /// changes the map of memory of a CPU from another's thread, so that this CPU may still use a translation that is for the map before;
  /// a later QEMU leaves the change to the CPU itself.
  private static func judge(_ test: Case) async throws -> Scoreboard.Verdict {
    do {
      return try await test.judge()
    } catch let death as Guest.EmulatorDeath {
      print("  once more: in \(test.name) QEMU died of signal \(death.signal): \(death.words)")
    }
    do {
      return try await test.judge()
    } catch let death as Guest.EmulatorDeath {
      return .failed(reason: "QEMU died twice, now of signal \(death.signal)", log: death.words)
    }
  }

  // MARK: Hot-plug

  /// A machine with a place for devices to come and go.
  private struct HotPlugCase: Sendable {
    var name: String
    var machine: String
    var bus: String
    var device: String
    /// The file that there is while the device works.
    var evidence: String
    var arguments: [String]
    /// Whether it goes with nobody asked, while a program reads from it.
    var isSurprise = false

    static let all: [HotPlugCase] = {
      let port = ["-device", "pcie-root-port,id=slot0,slot=1,chassis=1"]
      let native = ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"] + port
      let random = ("virtio-rng-pci", "/sys/bus/virtio/drivers/virtio_rng/virtio0")
      let input = ("virtio-mouse-pci", "/sys/bus/virtio/drivers/virtio_input/virtio0")
      return [
        HotPlugCase(
          name: "hot-plug by a PCI Express port, random numbers", machine: "q35", bus: "slot0", device: random.0,
          evidence: random.1, arguments: native),
        HotPlugCase(
          name: "hot-plug by a PCI Express port, input", machine: "q35", bus: "slot0", device: input.0,
          evidence: input.1, arguments: native),
        HotPlugCase(
          name: "surprise removal from a PCI Express port", machine: "q35", bus: "slot0", device: input.0,
          evidence: input.1, arguments: native, isSurprise: true),
        HotPlugCase(
          name: "hot-plug by ACPI on q35, random numbers", machine: "q35", bus: "slot0", device: random.0,
          evidence: random.1, arguments: port),
        HotPlugCase(
          name: "hot-plug by ACPI on pc, input", machine: "pc", bus: "pci.0", device: input.0, evidence: input.1,
          arguments: []),
      ]
    }()
  }

  private func judge(_ plug: HotPlugCase) async throws -> Scoreboard.Verdict {
    let socket = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString.prefix(8)).qmp").path
    defer { try? FileManager.default.removeItem(atPath: socket) }
    var guest = self.guest
    guest.machine = plug.machine
    guest.extraArguments = ["-nic", "none", "-qmp", "unix:\(socket),server,nowait"] + plug.arguments
    let cycles = cycles
    return try await judge(guest) { shell in
      var before: [Int] = []
      for cycle in 0..<cycles {
        // What grows once has grown by then.
        if cycle == cycles / 4 { before = try await shell.figures() }
        try await Self.ask(socket, "device_add", "driver=\(plug.device)", "id=plugged", "bus=\(plug.bus)")
        try await shell.expect(
          "until grep -q running \(plug.evidence)/driver_state 2>/dev/null; do usleep 20000; done; echo there",
          says: "there")
        if plug.device == "virtio-mouse-pci" { try await shell.expect(Self.places, says: "placed") }
        if plug.isSurprise {
          try await Self.pull(shell)
        } else {
          try await Self.ask(socket, "device_del", "id=plugged")
        }
        try await shell.expect(
          "while ls /sys/bus/virtio/devices | grep -q .; do usleep 20000; done; ls /dev/input | grep -c event",
          says: "\(before.isEmpty ? "" : "\(before[2])")")
        try await shell.expect(
          "for i in /sys/class/input/* /sys/dev/char/*; do [ -e $i ] || echo $i; done; echo all lead somewhere",
          says: "all lead somewhere")
        try await Self.untilGone(socket)
      }
      try await shell.expect(Self.hearsNothing, says: "quiet")
      return Self.verdict(before, try await shell.figures(), slack: slack)
    }
  }

  /// Says whether firmware's events have stopped once what they told of is done.
  private static let hearsNothing =
    "count() { awk '$NF == \"acpi\" { n += $2 + $3 } END { print n + 0 }' /proc/interrupts; }; "
    + "before=$(count); sleep 1; [ $(($(count) - before)) -lt 20 ] && echo quiet"

  /// Says whether the event file of the virtio device is in /sys where the device is.
  private static let places =
    "for i in /sys/class/input/event*; do readlink -f $i; done "
    + "| grep -qE '^/sys/devices/pci0000:00/.*/virtio0/input/input[0-9]+/event[0-9]+$' && echo placed"

  /// Takes power from the slot while a program waits for the input device in it, which is then told that it is gone.
  private static func pull(_ shell: GuestShell) async throws {
    _ = try await shell.run(
      "for i in /sys/class/input/event*; do grep -q Virtio $i/device/name && event=/dev/input/${i##*/}; done")
    // Not the shell's child: without echo it takes news of one for the end of its input.
    _ = try await shell.run("({ cat $event 2>/tmp/said; echo over >>/tmp/said; } &); usleep 50000")
    _ = try await shell.run("echo remove >$(dirname /sys/bus/pci/drivers/pcieport/*/driver_fault)/driver_fault")
    try await shell.expect(
      "until grep -q over /tmp/said; do usleep 20000; done; grep -c 'No such device' /tmp/said", says: "1")
  }

  /// Asks QEMU something, which must not refuse.
  @discardableResult
  private static func ask(_ socket: String, _ command: String, _ arguments: String...) async throws -> String {
    let result = try await Subprocess.run(
      .name("python3"), arguments: Arguments(["Tools/qmp.py", socket, command] + arguments),
      output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
    guard result.terminationStatus.isSuccess else {
      throw ShellFailure(reason: "\(command): \(result.standardOutput)\(result.standardError)")
    }
    return result.standardOutput
  }

  /// Waits until QEMU knows the device no more: the guest has let it go.
  private static func untilGone(_ socket: String) async throws {
    for _ in 0..<600 {
      let list = try await ask(socket, "qom-list", "path=/machine/peripheral")
      if !list.contains("\"plugged\"") { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw ShellFailure(reason: "QEMU still has the device")
  }

  // MARK: Faults

  /// Faults, and what they say of a driver's end; nil where it goes on. A driver that uses up its stack itself has none left for a page fault.
  private static let endings: [(fault: String, end: String?)] = [
    ("trap", "exception 6"), ("pointer", "exception 14"), ("leak", nil), ("hang", "it does not return"),
    ("recursion", "exception (8|14)"),
  ]

  /// Each fault, over and over, of a driver that is asked something after each.
  private func judgeFaults() async throws -> Scoreboard.Verdict {
    var guest = self.guest
    guest.extraArguments = ["-nic", "none", "-device", "edu"]
    let faults = faults
    return try await judge(guest) { shell in
      let device = "$(dirname /sys/bus/pci/drivers/edu/*/driver_fault)"
      var before: [Int] = []
      for round in 0..<faults {
        if round == faults / 4 { before = try await shell.figures() }
        for (fault, end) in Self.endings {
          try await shell.expect(
            "echo \(fault) >\(device)/driver_fault; echo 10 >/dev/edu; cat /dev/edu", says: "3628800")
          guard let end else { continue }
          try await shell.expect("grep -cE '^\(end)$' \(device)/driver_failure", says: "1")
        }
      }
      let restarts = "\(4 * faults)"
      try await shell.expect("cat \(device)/driver_restarts", says: restarts)
      try await shell.expect("cat \(device)/driver_state", says: "running")
      return Self.verdict(before, try await shell.figures(), slack: slack)
    }
  }

  /// Faults of an input device's driver, which programs are to see nothing of: no name comes or goes, and there are no events.
  private func judgeInputFaults() async throws -> Scoreboard.Verdict {
    var guest = self.guest
    guest.extraArguments = ["-nic", "none", "-device", "virtio-mouse-pci"]
    return try await judge(guest) { shell in
      let device = "/sys/bus/virtio/drivers/virtio_input/virtio0"
      try await shell.expect(Self.places, says: "placed")
      _ = try await shell.run("names=$(ls /sys/class/input); number=$(cat /sys/kernel/uevent_seqnum)")
      // Fewer than a device is given up after.
      for count in 1...4 {
        try await shell.expect(
          "echo trap >\(device)/driver_fault; until grep -q '^\(count)$' \(device)/driver_restarts "
            + "&& grep -q running \(device)/driver_state; do usleep 20000; done; "
            + "[ \"$(ls /sys/class/input)\" = \"$names\" ] "
            + "&& [ $(cat /sys/kernel/uevent_seqnum) = $number ] && echo same", says: "same")
      }
      return .passed
    }
  }

  /// Rubbish in a driver's queue, of a different kind each time; the device gives bytes after each.
  private func judgeCorruption(_ device: String) async throws -> Scoreboard.Verdict {
    var guest = self.guest
    guest.extraArguments = ["-nic", "none", "-device", device]
    let faults = faults
    return try await judge(guest) { shell in
      let device = "/sys/bus/virtio/drivers/virtio_rng/virtio0"
      var before: [Int] = []
      for round in 0..<faults {
        if round == faults / 4 { before = try await shell.figures() }
        try await shell.expect(
          "echo corrupt >\(device)/driver_fault; dd if=/dev/hwrng bs=16 count=1 2>/dev/null | wc -c", says: "16")
      }
      try await shell.expect("cat \(device)/driver_restarts", says: "\(faults)")
      try await shell.expect("cat \(device)/driver_state", says: "running")
      return Self.verdict(before, try await shell.figures(), slack: slack)
    }
  }

  // MARK: Judging

  var guest: Guest {
    var guest = Guest(
      image: .kernel(path: options.kernel, commandLine: "console=ttyS0 quiet loglevel=1 driver_faults"))
    guest.memory = "256M"
    guest.processors = 2
    guest.initramfs = initramfs
    guest.timeoutSeconds = 120 + 20 * (cycles + faults)
    return guest
  }

  func judge(
    _ guest: Guest, _ body: @escaping @Sendable (GuestShell) async throws -> Scoreboard.Verdict
  ) async throws -> Scoreboard.Verdict {
    let outcome = VerdictBox()
    let log = try await guest.converseWhileQEMULives { console, type in
      let shell = GuestShell(console: console, type: type)
      do {
        try await shell.begin()
        await outcome.set(try await body(shell))
      } catch let failure as ShellFailure {
        await outcome.set(.failed(reason: failure.reason, log: await console.log))
      }
    }
    return await outcome.verdict ?? .failed(reason: "the guest ended or hung", log: log)
  }

  static func verdict(_ before: [Int], _ after: [Int], slack: Int) -> Scoreboard.Verdict {
    guard before.count == after.count, before.count == 3 else { return .failed(reason: "no figures", log: "") }
    if before[0] - after[0] > slack {
      return .failed(reason: "\(before[0]) KiB were free, then \(after[0])", log: "")
    }
    // The caches of each CPU hold up to a few hundred, which count as in use.
    if after[1] > before[1] + 512 {
      return .failed(reason: "\(before[1]) objects of the kernel there were, then \(after[1])", log: "")
    }
    return after[2] == before[2] ? .passed : .failed(reason: "\(after[2]) input devices, not \(before[2])", log: "")
  }
}

private actor VerdictBox {
  private(set) var verdict: Scoreboard.Verdict?
  func set(_ verdict: Scoreboard.Verdict) { self.verdict = verdict }
}

/// Why a conversation with a guest failed.
struct ShellFailure: Error { var reason: String }

/// The shell on a guest's serial port.
struct GuestShell: Sendable {
  let console: GuestConsole
  let type: @Sendable ([UInt8]) async throws -> Void
  private static let limitSeconds = 90.0

  /// Waits for the prompt, and makes the shell fit to be read by programs.
  func begin() async throws {
    _ = try await console.wait(seconds: Self.limitSeconds, for: "# ")
    _ = try await run("stty -echo; PS1=; cd /")
  }

  /// Runs a command line.
  ///
  /// - Returns: the lines that it printed.
  func run(_ command: String) async throws -> [String] {
    // The mark is not in what is typed, which is echoed at first. Behind an ampersand there is no semicolon.
    let separator = command.hasSuffix("&") ? "" : ";"
    try await type(Array("\(command)\(separator) echo en''d-of-command\n".utf8))
    do {
      let text = try await console.wait(seconds: Self.limitSeconds, for: "end-of-command\n")
      return text.split(separator: "\n").map(String.init).dropLast().filter { !$0.isEmpty }
    } catch GuestConsole.Failure.timeout {
      throw ShellFailure(reason: "it does not end: \(command)")
    }
  }

  /// Runs a command line whose last line must be `text`; anything for an empty one.
  func expect(_ command: String, says text: String) async throws {
    let lines = try await run(command)
    guard text.isEmpty || lines.last == text else {
      throw ShellFailure(reason: "\(command): \(lines.joined(separator: " / ")), not \(text)")
    }
  }

  /// Free memory in KiB, the kernel's objects, and input devices.
  func figures() async throws -> [Int] {
    let lines = try await run(
      "sleep 2; awk '/^MemFree/{print $2}' /proc/meminfo; awk 'NR>2{n+=$2} END{print n}' /proc/slabinfo; "
        + "ls /dev/input | grep -c event")
    return lines.suffix(3).compactMap { Int($0) }
  }
}
