# Turns: a lock that callers get in the order in which they came. Without it queries would starve behind the slices of a
# long apply. Never taken with the GIL held.

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass
    ctypedef struct pthread_cond_t:
        pass
    int pthread_mutex_init(pthread_mutex_t *, void *)
    int pthread_mutex_lock(pthread_mutex_t *)
    int pthread_mutex_unlock(pthread_mutex_t *)
    int pthread_mutex_destroy(pthread_mutex_t *)
    int pthread_cond_init(pthread_cond_t *, void *)
    int pthread_cond_wait(pthread_cond_t *, pthread_mutex_t *)
    int pthread_cond_broadcast(pthread_cond_t *)
    int pthread_cond_destroy(pthread_cond_t *)

cdef struct Turns:
    pthread_mutex_t mutex
    pthread_cond_t turn
    uint64_t last_ticket
    uint64_t serving


cdef void init_turns(Turns *turns) noexcept nogil:
    pthread_mutex_init(&turns.mutex, NULL)
    pthread_cond_init(&turns.turn, NULL)
    turns.last_ticket = 0
    turns.serving = 1


cdef void free_turns(Turns *turns) noexcept nogil:
    pthread_cond_destroy(&turns.turn)
    pthread_mutex_destroy(&turns.mutex)


cdef void take_turn(Turns *turns) noexcept nogil:
    cdef uint64_t ticket
    pthread_mutex_lock(&turns.mutex)
    turns.last_ticket += 1
    ticket = turns.last_ticket
    while turns.serving != ticket:
        pthread_cond_wait(&turns.turn, &turns.mutex)
    pthread_mutex_unlock(&turns.mutex)


cdef void end_turn(Turns *turns) noexcept nogil:
    pthread_mutex_lock(&turns.mutex)
    turns.serving += 1
    pthread_cond_broadcast(&turns.turn)
    pthread_mutex_unlock(&turns.mutex)
