/// The in-kernel tests, as the kernel itself lists them.
struct KernelTestPlan {
  /// What a test asks of the machine that it runs on; nil stands for the ordinary.
  struct Machine: Sendable, Equatable {
    var memory: String?
    var processorModel: String?
    var processorCount: Int?
    var device: String?
    var hasModule = false

    /// Reads the words behind a test's name: `memory=16G`, `cpu=qemu64`, `cpus=4`, `device=edu`, `module`.
    init(_ words: some Sequence<Substring>) {
      for word in words {
        if word.hasPrefix("memory=") { memory = String(word.dropFirst(7)) }
        if word.hasPrefix("cpu=") { processorModel = String(word.dropFirst(4)) }
        if word.hasPrefix("cpus=") { processorCount = Int(word.dropFirst(5)) }
        if word.hasPrefix("device=") { device = String(word.dropFirst(7)) }
        if word == "module" { hasModule = true }
      }
    }

    /// The guest that boots `image` on such a machine.
    func guest(_ image: Guest.Image, module: String) -> Guest {
      var guest = Guest(image: image)
      if let memory { guest.memory = memory }
      guest.processorModel = processorModel
      if let processorCount { guest.processors = processorCount }
      if hasModule { guest.extraArguments += ["-initrd", module] }
      if let device { guest.extraArguments += ["-device", device] }
      return guest
    }
  }

  /// One test of the kernel's registry.
  struct Test: Sendable {
    var name: String
    /// The vector's mnemonic when the test ends in a fault, such as `#PF`.
    var expectedFault: String?
    /// What the fault report must contain.
    var reportContents: [String]
    /// The machine that it asks for.
    var machine: Machine
    /// Tests of one group and machine share a boot; one that ends in a fault has its own.
    var group: Substring { name.prefix { $0 != "." } }
  }

  var tests: [Test] = []

  /// Reads the answer to `test=list`: lines `test: list NAME`, what it asks of its machine, then `|` and the fault and the
  /// texts that its report must have.
  init(listing: String) {
    for line in listing.split(whereSeparator: \.isNewline) {
      guard let marker = line.range(of: "test: list ") else { continue }
      let fields = line[marker.upperBound...].split(separator: "|", omittingEmptySubsequences: false)
      let words = fields[0].split(separator: " ")
      guard let name = words.first else { continue }
      let fault = fields.dropFirst().first.map(String.init)
      tests.append(
        Test(
          name: String(name), expectedFault: fault, reportContents: fields.dropFirst(2).map(String.init),
          machine: Machine(words.dropFirst())))
    }
  }

  /// The boots that run everything: one a group of ordinary tests on one machine, one a test that expects a fault.
  var boots: [[Test]] {
    var groups: [[Test]] = []
    for test in tests {
      if test.expectedFault == nil,
        let index = groups.firstIndex(where: {
          $0[0].expectedFault == nil && $0[0].group == test.group && $0[0].machine == test.machine
        })
      {
        groups[index].append(test)
      } else {
        groups.append([test])
      }
    }
    return groups
  }

  /// The verdict on each test of one boot.
  static func judge(_ boot: [Test], _ outcome: Guest.Outcome) -> [(Test, Scoreboard.Verdict)] {
    let lines = outcome.log.split(whereSeparator: \.isNewline).map(String.init)
    return boot.map { test in
      func failure(_ reason: String) -> (Test, Scoreboard.Verdict) {
        (test, .failed(reason: reason, log: outcome.log))
      }
      if let line = lines.first(where: { $0.contains("test: fail \(test.name): ") }) {
        return failure(line.components(after: "test: fail \(test.name): "))
      }
      guard lines.contains(where: { $0.hasSuffix("test: pass \(test.name)") }) else {
        switch outcome.ending {
        case .hung: return failure("the guest did not end in time")
        case .exited(let status): return failure("no verdict; the kernel exited with status \(status)")
        case .stopped(let code): return failure("no verdict; QEMU stopped with code \(code)")
        }
      }
      if let missing = test.reportContents.first(where: { !outcome.log.contains($0) }) {
        return failure("the fault report lacks \"\(missing)\"")
      }
      // With status 0x11 the guest says that some test failed, which need not be this one.
      let isEnding = outcome.ending == .exited(status: 0x10)
      guard isEnding || outcome.ending == .exited(status: 0x11) && lines.contains(where: { $0.contains("test: fail ") })
      else {
        return failure("passed, but the guest ended as \(outcome.ending)")
      }
      return (test, .passed)
    }
  }
}

extension String {
  fileprivate func components(after marker: String) -> String {
    range(of: marker).map { String(self[$0.upperBound...]) } ?? self
  }
}
