/// The serial ports and the keyboard's controller on the machine's board.
extension PlatformCase {
  /// COM2: the second `-serial`; the first is the guest's console.
  static let serialPort = PlatformCase(
    name: "a line on /dev/ttyS1", options: " driver_faults",
    arguments: { folder in socket("line", folder) + ["-serial", "chardev:line"] },
    body: { shell, folder in
      try await shell.expect("echo $(cat /sys/class/tty/ttyS1/port /sys/class/tty/ttyS1/irq)", says: "0x2F8 3")
      // The console's port is described like the other, and shown with the same driver.
      try await shell.expect("ls -d /sys/bus/pnp/drivers/serial/00:* | wc -l", says: "2")
      try await shell.expect("stty -F /dev/ttyS1 9600 raw -echo crtscts; stty -F /dev/ttyS1 speed", says: "9600")
      _ = try await shell.run("({ head -n 1 </dev/ttyS1 >/tmp/line; echo from the guest >/dev/ttyS1; } &)")
      try await exchange("\(folder)/line", "from the host", wanting: "from the guest")
      try await shell.expect("cat /tmp/line", says: "from the host")
      // By interrupts, and not by asking.
      try await shell.expect("grep -c '^ *3:.*ttyS$' /proc/interrupts", says: "1")
      // Another driver goes on with the same terminal.
      _ = try await shell.run(
        "cd /sys/class/tty/ttyS1/device; exec 3<>/dev/ttyS1; echo trap >driver_fault; sleep 1")
      try await shell.expect("cat driver_restarts", says: "1")
      _ = try await shell.run("({ head -n 1 <&3 >/tmp/line; echo once more >&3; } &)")
      try await exchange("\(folder)/line", "to the next", wanting: "once more")
      try await shell.expect("cat /tmp/line", says: "to the next")
      try await shell.expect("stty -F /dev/ttyS1 speed; exec 3<&-", says: "9600")
    })

  /// COM3, whose line is that of the guest's console.
  static let sharedSerialPort = PlatformCase(
    name: "a line on /dev/ttyS2, which has the interrupt of ttyS0",
    arguments: { folder in socket("line", folder) + ["-serial", "null", "-serial", "chardev:line"] },
    body: { shell, folder in
      try await shell.expect("echo $(cat /sys/class/tty/ttyS2/port /sys/class/tty/ttyS2/irq)", says: "0x3E8 4")
      // The console and COM3, by interrupts, and not by asking.
      try await shell.expect("grep -c '^ *4:.*ttyS, ttyS$' /proc/interrupts", says: "1")
      try await shell.expect("stty -F /dev/ttyS2 115200 raw -echo; stty -F /dev/ttyS2 speed", says: "115200")
      for round in 1...3 {
        _ = try await shell.run("({ head -n 1 </dev/ttyS2 >/tmp/line; echo answer \(round) >/dev/ttyS2; } &)")
        try await exchange("\(folder)/line", "question \(round)", wanting: "answer \(round)")
        try await shell.expect("cat /tmp/line", says: "question \(round)")
      }
    })

  /// The keyboard at the 8042, whose driver is replaced while programs read from it.
  static let keyboard = PlatformCase(
    name: "keys on /dev/tty1, and from another driver", options: " driver_faults",
    arguments: { folder in ["-qmp", "unix:\(folder)/qmp,server=on,wait=off"] },
    body: { shell, folder in
      try await shell.expect("cd /sys/bus/pnp/drivers/i8042\\ kbd/00:*; cat driver_state", says: "running")
      try await shell.expect("grep -c 'i8042$' /proc/interrupts", says: "2")
      let find = "/tests/evdev list | sed -n 's,^\\(/dev/input/event[0-9]*\\): AT Translated.*,\\1,p'"
      try await shell.expect("exec 3<$(\(find)) && echo open", says: "open")
      // A light that follows nothing shows what a program wants.
      let light = "/sys/class/leds/input*::capslock"
      try await shell.expect("cat \(light)/trigger", says: "none kbd-scrolllock kbd-numlock [kbd-capslock]")
      try await shell.expect(
        "(cd \(light) && echo none >trigger && echo 1 >brightness && cat brightness)", says: "1")
      for (round, word) in ["hello", "again"].enumerated() {
        // A shell reads what is typed there.
        for key in ["t", "o", "u", "c", "h", "spc"] + word.map(String.init) + ["ret"] {
          try await ask(folder, "human-monitor-command", "command-line=sendkey \(key)")
        }
        try await shell.expect(
          "until find / -xdev -maxdepth 2 -name \(word) | grep .; do usleep 50000; done >/dev/null; echo typed",
          says: "typed")
        // The file that was opened at first has events of whichever driver there is: a scan code, a key and the end of both.
        try await shell.expect("dd bs=24 count=3 <&3 2>/dev/null | wc -c", says: "72")
        try await shell.expect("timeout 1 cat <&3 >/dev/null; echo read", says: "read")
        _ = try await shell.run("echo trap >driver_fault; sleep 1")
        try await shell.expect("cat driver_restarts", says: "\(round + 1)")
      }
      try await shell.expect("cat driver_state", says: "running")
    })
}
