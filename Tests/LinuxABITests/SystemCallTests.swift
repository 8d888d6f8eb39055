import Foundations
import LinuxABI
import Testing

@Suite("System calls") struct SystemCallTests {
  @Test("every call has at most six arguments, and none behind its last")
  func arguments() {
    for call in SystemCallNumber.allCases {
      #expect(call.argumentCount <= 6)
      for index in 0..<call.argumentCount { #expect(call.argument(at: index) != nil, "\(call.name) \(index)") }
      #expect(call.argument(at: call.argumentCount) == nil)
      #expect(call.argument(at: -1) == nil)
      #expect(call.argument(at: .max) == nil)
    }
  }

  @Test("an argument that says how much there is in another one names a number of the same call")
  func lengths() throws {
    for call in SystemCallNumber.allCases {
      for index in 0..<call.argumentCount {
        let argument = try #require(call.argument(at: index))
        let other: Int? =
          switch argument.kind {
          case .bytes(_, let length): length
          case .structure(_, _, .argument(let count)): count
          case .union(let selector): selector
          default: nil
          }
        guard let other else { continue }
        #expect(other != index)
        let target = try #require(call.argument(at: other), "\(call.name)")
        switch target.kind {
        case .size, .signed, .unsigned, .structure(_, .inout, _), .enumeration, .flags: break
        default: Issue.record("\(call.name).\(argument.name) names \(target.name)")
        }
      }
    }
  }

  @Test("read(2) is what its manual page says")
  func read() throws {
    let read = SystemCallNumber.read
    #expect(read.rawValue == 0 && read.name == "read" && read.family == .file)
    #expect(read.result == .size && read.restart == .afterSignal && read.requiredCapability == nil)
    let buffer = try #require(read.argument(at: 1))
    #expect(buffer.name == "buffer" && buffer.kind == .bytes(.out, length: 2) && !buffer.isOptional)
  }

  @Test("calls of the later ranges have their numbers")
  func numbers() {
    #expect(SystemCallNumber(rawValue: 334) == .rseq)
    #expect(SystemCallNumber(rawValue: 400) == nil)
    #expect(SystemCallNumber(rawValue: 424) == .pidfd_send_signal)
    #expect(SystemCallNumber(rawValue: 462) == .mseal)
    #expect(SystemCallNumber(rawValue: SystemCallNumber.lastNumber + 1) == nil)
    #expect(SystemCallNumber.tuxcall.status == .obsolete && SystemCallNumber.tuxcall.argumentCount == 0)
    #expect(SystemCallNumber.reboot.requiredCapability == .CAP_SYS_BOOT)
  }

  @Test("flags decode into names, fields and what is unknown")
  func flags() {
    let flags = OpenFlags(rawValue: 0x8010_1241)
    #expect(flags.openAccess == .O_WRONLY)
    #expect(flags.contains(.O_SYNC) && flags.contains(.O_DSYNC) && flags.contains(.O_TRUNC) && flags.contains(.O_CREAT))
    #expect(!flags.contains(.O_EXCL))
    #expect(flags.unknownBits == 0x8000_0000)
    #expect(OpenFlags(rawValue: 3).openAccess == nil)
    #expect(SystemCallFlagSet.openFlags.flag(at: 0)?.name == "O_SYNC")
  }

  @Test("every flag of every set has its own bits among the known ones, except those that contain others")
  func flagBits() {
    for set in SystemCallFlagSet.allCases {
      var index = 0
      while let flag = set.flag(at: index) {
        #expect(flag.value & ~set.knownBits == 0, "\(set.name) \(flag.name)")
        #expect(flag.value != 0)
        index += 1
      }
      #expect(index > 0, "\(set.name) is empty")
    }
  }

  @Test("values of enumerations have names")
  func enumerations() {
    #expect(SystemCallEnumeration.fcntlCommand.constantName(of: 0) == "F_DUPFD")
    #expect(SystemCallEnumeration.usageSubject.constantName(of: -1) == "RUSAGE_CHILDREN")
    #expect(SystemCallEnumeration.fcntlCommand.constantName(of: .max) == nil)
    #expect(AddressFamily(rawValue: 1) == .AF_LOCAL)
    #expect(SystemCallStructure.stat.size == 144 && SystemCallStructure.nodeMask.size == nil)
  }
}

@Suite("Signals") struct SignalTests {
  @Test("every number from 1 to 64 is a signal, and no other")
  func range() {
    #expect((UInt8.min...UInt8.max).compactMap { Signal(rawValue: $0)?.rawValue } == Array(1...64))
    for number in 1...64 as ClosedRange<UInt8> {
      let signal = Signal(rawValue: number)
      #expect((signal?.name == nil) == (number >= 32))
      #expect(signal?.isRealTime == (number >= 32))
    }
  }

  @Test("default actions are those of signal(7)")
  func actions() {
    let all = (1...64).compactMap { Signal(rawValue: $0) }
    #expect(all.filter { $0.defaultAction == .ignore } == [.SIGCHLD, .SIGURG, .SIGWINCH])
    #expect(all.filter { $0.defaultAction == .stop } == [.SIGSTOP, .SIGTSTP, .SIGTTIN, .SIGTTOU])
    #expect(all.filter { $0.defaultAction == .continue } == [.SIGCONT])
    let dumping: [Signal] = [
      .SIGQUIT, .SIGILL, .SIGTRAP, .SIGABRT, .SIGBUS, .SIGFPE, .SIGSEGV, .SIGXCPU, .SIGXFSZ, .SIGSYS,
    ]
    #expect(all.filter { $0.defaultAction == .dump } == dumping)
    #expect(all.filter { !$0.isCatchable } == [.SIGKILL, .SIGSTOP])
    #expect(all.filter(\.isSynchronous) == [.SIGILL, .SIGTRAP, .SIGBUS, .SIGFPE, .SIGSEGV, .SIGSYS])
    #expect(Signal.SIGIOT == .SIGABRT && Signal.SIGPOLL == .SIGIO)
  }
}
