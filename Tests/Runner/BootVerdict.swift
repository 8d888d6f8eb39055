/// Whether a boot went as it should, by its own log.
enum BootVerdict {
  /// What `test=boot` makes the kernel print last: `test: boot steps=15 failed=0 memory=NNN cpus=N`, memory in KiB.
  static func judge(_ outcome: Guest.Outcome, _ guest: Guest) -> Scoreboard.Verdict {
    func failure(_ reason: String) -> Scoreboard.Verdict { .failed(reason: reason, log: outcome.log) }
    guard outcome.ending == .exited(status: 0x10) else { return failure("the guest ended as \(outcome.ending)") }
    guard let line = outcome.log.split(whereSeparator: \.isNewline).first(where: { $0.contains("test: boot ") }) else {
      return failure("no boot summary")
    }
    var fields: [Substring: Int] = [:]
    for field in line.split(separator: " ") {
      let pair = field.split(separator: "=")
      if pair.count == 2 { fields[pair[0]] = Int(pair[1]) }
    }
    guard fields["failed"] == 0 else { return failure("boot steps failed") }
    guard fields["steps"] == 15 else { return failure("\(fields["steps"] ?? 0) boot steps ran, not 15") }
    guard let found = fields["memory"], let wanted = kibibytes(guest.memory) else { return failure("no memory figure") }
    guard fields["cpus"] == guest.processors else {
      return failure("\(fields["cpus"] ?? 0) of \(guest.processors) CPUs run")
    }
    // Firmware keeps some: most of all OVMF, on the smallest machine.
    guard found <= wanted, found >= wanted / 2 else { return failure("found \(found) KiB of \(wanted) KiB") }
    return .passed
  }

  /// Whether the boot stopped, with `refusal` as its reason.
  static func judge(_ outcome: Guest.Outcome, refusal: String) -> Scoreboard.Verdict {
    guard outcome.ending == .exited(status: 0x11), outcome.log.contains("failed=1") else {
      return .failed(reason: "the guest ended as \(outcome.ending) and not by a failed step", log: outcome.log)
    }
    guard outcome.log.contains(refusal) else {
      return .failed(reason: "the log lacks \"\(refusal)\"", log: outcome.log)
    }
    return .passed
  }

  private static func kibibytes(_ size: String) -> Int? {
    let units: [Character: Int] = ["M": 1 << 10, "G": 1 << 20]
    guard let last = size.last, let unit = units[last], let number = Int(size.dropLast()) else { return nil }
    return number * unit
  }
}
