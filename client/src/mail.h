/*
 * mail.h - something for the loop to do, from any thread
 */
#ifndef PQE_MAIL_H
#define PQE_MAIL_H

struct pqe_async;

/* The first member of what it is about, so that `open` can find that. */
typedef struct pqe_mail {
    struct pqe_mail *next;
    void (*open)(struct pqe_async *async, struct pqe_mail *mail); /* in the loop's thread */
} pqe_mail;

#endif /* PQE_MAIL_H */
