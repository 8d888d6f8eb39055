import Foundations
import LinuxABI
import Machine
import Testing
import VFS

@Suite("Advisory locks", .serialized)
struct LockTests {
  /// `struct flock`: type 0 is to read, 1 to write, 2 none.
  private func lock(
    _ program: Program, _ type: UInt64, _ start: UInt64, _ length: UInt64, origin: UInt64 = 0, process: UInt64 = 0
  ) -> UInt64 {
    program.words(type | origin << 16, start, length, process)
  }

  @Test("a range that is locked, split, joined and given back is told to others")
  func ranges() throws {
    try Program.run { program in
      #expect(program.open("/f", [.O_CREAT, .O_RDWR]) == 0 && program.open("/f", .O_RDWR) == 1)
      // Locks of open files: of two, so that one sees the other's.
      let (get, set) = (UInt64(36), UInt64(37))
      let probe = { (start: UInt64, length: UInt64) -> [Int64] in
        let room = lock(program, 1, start, length)
        guard program.call(.fcntl, 1, get, room) == 0 else { return [] }
        let type = Int64(program.number(room, width: 2))
        return type == 2
          ? [2] : [type, Int64(program.number(room + 8)), Int64(program.number(room + 16))]
      }
      #expect(program.call(.fcntl, 0, set, lock(program, 1, 10, 10)) == 0)
      #expect(probe(0, 10) == [2] && probe(0, 11) == [1, 10, 10])
      #expect(probe(19, 0) == [1, 10, 10] && probe(20, 0) == [2])
      #expect(program.call(.fcntl, 1, set, lock(program, 0, 15, 1)) == .error(.EAGAIN))
      #expect(program.call(.fcntl, 0, set, lock(program, 0, 14, 2)) == 0)
      #expect(probe(0, 0) == [1, 10, 4] && probe(14, 1) == [0, 14, 2] && probe(16, 0) == [1, 16, 4])
      #expect(program.call(.fcntl, 1, set, lock(program, 0, 15, 1)) == 0)
      #expect(program.call(.fcntl, 0, set, lock(program, 1, 0, 0)) == .error(.EAGAIN))
      #expect(program.call(.fcntl, 1, set, lock(program, 2, 0, 0)) == 0)
      #expect(program.call(.fcntl, 0, set, lock(program, 1, 14, 2)) == 0)
      #expect(probe(0, 0) == [1, 10, 10])
      #expect(program.call(.fcntl, 0, set, lock(program, 1, 20, 0)) == 0 && probe(0, 0) == [1, 10, 0])
      #expect(program.call(.fcntl, 0, set, lock(program, 2, 12, 3)) == 0)
      #expect(probe(0, 0) == [1, 10, 2] && probe(12, 3) == [2] && probe(13, 0) == [1, 15, 0])
      #expect(program.call(.close, 0) == 0 && probe(0, 0) == [2])
    }
  }

  @Test("what is said of a range is checked")
  func arguments() throws {
    try Program.run { program in
      #expect(program.open("/f", [.O_CREAT, .O_RDWR]) == 0)
      program.call(.write, 0, program.room(8), 8)
      let set = { (pointer: UInt64) in program.call(.fcntl, 0, 6, pointer) }
      let minus = { (number: Int64) in UInt64(bitPattern: number) }
      #expect(set(Program.hole) == .error(.EFAULT))
      #expect(set(lock(program, 3, 0, 1)) == .error(.EINVAL))
      #expect(set(lock(program, 1, 0, 1, origin: 3)) == .error(.EINVAL))
      #expect(set(lock(program, 1, minus(-1), 1)) == .error(.EINVAL))
      #expect(set(lock(program, 1, 5, minus(-6))) == .error(.EINVAL))
      #expect(set(lock(program, 1, 5, minus(-5))) == 0)
      #expect(set(lock(program, 1, minus(.max), 2)) == .error(.EOVERFLOW))
      #expect(set(lock(program, 1, 1, minus(.max), origin: 1)) == .error(.EOVERFLOW))
      #expect(set(lock(program, 1, minus(-8), 1, origin: 2)) == 0)
      #expect(set(lock(program, 1, minus(-9), 1, origin: 2)) == .error(.EINVAL))
      #expect(program.call(.fcntl, 0, 5, lock(program, 2, 0, 0)) == .error(.EINVAL))
      #expect(program.call(.fcntl, 0, 37, lock(program, 1, 0, 0, process: 1)) == .error(.EINVAL))
      #expect(program.open("/f") == 1)
      #expect(program.call(.fcntl, 1, 6, lock(program, 1, 0, 1)) == .error(.EBADF))
      #expect(program.call(.fcntl, 1, 6, lock(program, 0, 0, 1)) == 0)
      // Any descriptor of the file takes the process's locks with it.
      #expect(program.call(.fcntl, 0, 37, lock(program, 1, 0, 0)) == .error(.EAGAIN))
      #expect(program.call(.close, 1) == 0)
      #expect(program.call(.fcntl, 0, 37, lock(program, 1, 0, 0)) == 0)
    }
  }

  @Test("locks upon whole files")
  func whole() throws {
    try Program.run { program in
      #expect(program.open("/f", [.O_CREAT, .O_RDWR]) == 0 && program.open("/f") == 1)
      #expect(program.call(.flock, 0, 1) == 0 && program.call(.flock, 1, 1) == 0)
      #expect(program.call(.flock, 0, 6) == .error(.EAGAIN))
      // The one that it had is gone.
      #expect(program.call(.flock, 1, 6) == 0)
      #expect(program.call(.flock, 0, 5) == .error(.EAGAIN))
      #expect(program.call(.flock, 1, 8) == 0 && program.call(.flock, 0, 2) == 0 && program.call(.flock, 0, 2) == 0)
      #expect(program.call(.dup, 0) == 2 && program.call(.close, 0) == 0)
      #expect(program.call(.flock, 1, 5) == .error(.EAGAIN))
      #expect(program.call(.close, 2) == 0 && program.call(.flock, 1, 5) == 0)
      for operation in [UInt64(0), 3, 4, 12, 16] where operation != 12 {
        #expect(program.call(.flock, 1, operation) == .error(.EINVAL))
      }
    }
  }
}
